import Handlebars from "handlebars";

const handlebars = Handlebars.create();
handlebars.registerHelper("count", function (list, options) {
  return options.fn({ ...this, number: list.length, unit: options.hash.unit });
});
handlebars.registerPartial("contents", "{{#each toc}}<a href=\"#{{slug}}\">{{@index}} {{title}}</a>{{else}}<i>no headings</i>{{/each}}");

export const site = handlebars.compile(
  `<!doctype html>
<title>{{title}} &middot; {{#if draft}}draft{{else}}public{{/if}}</title>
<meta name="description" content="{{excerpt}}">
<nav>{{{logo}}}{{> contents}}</nav>
{{#each tags as |tag|}}<b data-at="{{@key}}">{{tag}}</b>{{/each}}
<main>{{{html}}}</main>
{{#count words unit="words"}}{{number}} {{unit}} in {{../slug}}{{slug}}{{/count}}`,
  { strict: false, noEscape: false },
);
