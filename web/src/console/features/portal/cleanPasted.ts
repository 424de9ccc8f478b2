const LIST = /^MsoListParagraph/;
/** What Word writes before the text of an item, as it looks there: "1.", "(2)", "a)". Everything else is a bullet. */
const NUMBER = /^\s*\(?[0-9a-zA-Z一二三四五六七八九十]{1,4}[.)、）]/;

/**
 * Text that was copied from Word or another office program, reduced to what an article has: Word writes items of lists as
 * paragraphs with hanging bullets, hides markup in conditional comments, and gives everything a look of its own.
 */
export function cleanPasted(html: string): string {
  // What a template holds is no part of any page: nothing in it loads or runs while it is looked at.
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const page = holder.content;
  for (const node of page.querySelectorAll("style, script, meta, link, title, xml, base, template"))
    node.remove();
  removeComments(page);
  for (const element of [...page.querySelectorAll("*")]) {
    // Elements of Office (`o:p`, `w:sdt`, `v:shape`) are dropped, their text is kept.
    if (element.tagName.includes(":")) element.replaceWith(...element.childNodes);
  }
  makeLists(page);
  for (const element of page.querySelectorAll("*")) {
    for (const { name } of [...element.attributes]) {
      if (!["href", "src", "alt", "colspan", "rowspan", "start"].includes(name))
        element.removeAttribute(name);
    }
  }
  // Pictures of a document stand in files of the sender's computer, which nobody else can see.
  for (const picture of page.querySelectorAll("img")) {
    if (!/^(\/|data:image\/)/.test(picture.getAttribute("src") ?? "")) picture.remove();
  }
  return holder.innerHTML.replaceAll(" ", " ").replaceAll("&nbsp;", " ");
}

function removeComments(page: DocumentFragment) {
  const walker = page.ownerDocument.createTreeWalker(page, NodeFilter.SHOW_COMMENT);
  const comments: Node[] = [];
  while (walker.nextNode()) comments.push(walker.currentNode);
  for (const comment of comments) comment.parentNode?.removeChild(comment);
}

function makeLists(page: DocumentFragment) {
  let list: Element | null = null;
  for (const paragraph of [...page.querySelectorAll("p")]) {
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
      list = page.ownerDocument.createElement(kind);
      paragraph.before(list);
    }
    const item = page.ownerDocument.createElement("li");
    item.append(...paragraph.childNodes);
    list?.append(item);
    paragraph.remove();
  }
}
