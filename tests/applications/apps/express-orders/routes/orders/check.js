exports.check = function (order = {}) {
  const problems = [];
  if (typeof order.item !== "string") problems.push("item: a text");
  if (!(Number.isInteger(order.count) && order.count > 0)) problems.push("count: a number above 0");
  return problems;
};
