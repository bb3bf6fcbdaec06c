import { useParams } from "react-router";
import "../styles/about.css";

export default function About() {
  const { id } = useParams();
  return <article>About {id}</article>;
}
