/** @jsxRuntime automatic @jsxImportSource preact */
import { createContext, Fragment } from "preact";
import { useContext, useId, useMemo } from "preact/hooks";

const Greeting = createContext("nobody");

function Heading() {
  const id = useId();
  return <h1 id={id}>{useContext(Greeting)}, world</h1>;
}

function Row({ name, url, ...others }) {
  const host = useMemo(() => new URL(url).host, [url]);
  return (
    <Fragment>
      <dt {...others}>{name}</dt>
      <dd>
        <a href={url} style={{ color: "teal", marginTop: 2 }}>
          {host}
        </a>
        &nbsp;&#x2713;
      </dd>
    </Fragment>
  );
}

export const Links = ({ greeting, links }) => (
  <Greeting.Provider value={greeting}>
    <Heading />
    <dl>
      {links.map((link) => (
        <Row key={link.name} {...link} class="row" />
      ))}
    </dl>
    {links.length === 0 ? <p>No links.</p> : null}
  </Greeting.Provider>
);
