import YAML from "yaml";
console.log(YAML.parse("a: [1, {b: 2}]"), YAML.stringify({ x: [1, 2] }));
