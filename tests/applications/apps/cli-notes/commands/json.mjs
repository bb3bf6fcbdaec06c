export default (notes) => console.log(JSON.stringify(notes, null, 1));
