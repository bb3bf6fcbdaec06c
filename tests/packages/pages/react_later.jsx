import { memo } from "react";
export default memo(function Later({ name }) {
  return <p id="later">react {name}</p>;
});
