import MarkdownIt from "markdown-it";
import anchor from "markdown-it-anchor";
import hljs from "highlight.js/lib/core";

export async function createRenderer(languages) {
  for (const language of languages) {
    try {
      const { default: definition } = await import(`./languages/${language}.mjs`);
      hljs.registerLanguage(language, definition);
    } catch (error) {
      console.log(`no ${language}`, error instanceof Error);
    }
  }
  const markdown = new MarkdownIt({
    html: false,
    linkify: true,
    typographer: true,
    highlight: (code, language) => (hljs.getLanguage(language) ? hljs.highlight(code, { language }).value : ""),
  });
  markdown.use(anchor, { permalink: anchor.permalink.headerLink({ safariReaderFix: true }), callback: (token, { slug, title }) => toc.push({ slug, title }) });
  let toc = [];
  return (text) => {
    toc = [];
    return { html: markdown.render(text), toc };
  };
}
