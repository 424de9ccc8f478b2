const LIST = /^MsoListParagraph/;
/** What Word writes before the text of an item, as it looks there: "1.", "(2)", "a)". Everything else is a bullet. */
const NUMBER = /^\s*\(?[0-9a-zA-Z一二三四五六七八九十]{1,4}[.)、）]/;

/**
 * Text that was copied from Word or another office program, reduced to what an article has: Word writes items of lists as
 * paragraphs with hanging bullets, hides markup in conditional comments, and gives everything a look of its own.
 */
export function cleanPasted(html: string): string {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const node of page.querySelectorAll("style, script, meta, link, title, xml")) node.remove();
  removeComments(page);
  for (const element of [...page.body.querySelectorAll("*")]) {
    // Elements of Office (`o:p`, `w:sdt`, `v:shape`) are dropped, their text is kept.
    if (element.tagName.includes(":")) element.replaceWith(...element.childNodes);
  }
  makeLists(page);
  for (const element of page.body.querySelectorAll("*")) {
    for (const { name } of [...element.attributes]) {
      if (!["href", "src", "alt", "colspan", "rowspan", "start"].includes(name))
        element.removeAttribute(name);
    }
  }
  // Pictures of a document stand in files of the sender's computer, which nobody else can see.
  for (const picture of page.body.querySelectorAll("img")) {
    if (!/^(\/|data:image\/)/.test(picture.getAttribute("src") ?? "")) picture.remove();
  }
  return page.body.innerHTML.replaceAll(" ", " ");
}

function removeComments(page: Document) {
  const walker = page.createTreeWalker(page.documentElement, NodeFilter.SHOW_COMMENT);
  const comments: Node[] = [];
  while (walker.nextNode()) comments.push(walker.currentNode);
  for (const comment of comments) comment.parentNode?.removeChild(comment);
}

function makeLists(page: Document) {
  let list: Element | null = null;
  for (const paragraph of [...page.body.querySelectorAll("p")]) {
    if (!LIST.test(paragraph.className)) {
      list = null;
      continue;
    }
    const mark = [...paragraph.querySelectorAll("span")].find((span) =>
      (span.getAttribute("style") ?? "").replaceAll(" ", "").includes("mso-list:Ignore"),
    );
    const kind = NUMBER.test(mark?.textContent ?? "") ? "ol" : "ul";
    mark?.remove();
    const follows = list && list.nextElementSibling === paragraph && list.tagName.toLowerCase() === kind;
    if (!follows) {
      list = page.createElement(kind);
      paragraph.before(list);
    }
    const item = page.createElement("li");
    item.append(...paragraph.childNodes);
    list?.append(item);
    paragraph.remove();
  }
}
