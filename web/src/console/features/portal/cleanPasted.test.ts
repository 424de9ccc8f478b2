// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { cleanPasted } from "./cleanPasted";

describe("cleanPasted", () => {
  it("keeps the text of Word and drops its look", () => {
    const word = `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0}</style>
      <!--[if gte mso 9]><xml><w:WordDocument/></xml><![endif]--></head><body lang=ZH-CN>
      <p class=MsoNormal style='margin-left:2cm' onclick="alert(1)"><b><span style='font-family:宋体'>通知</span></b><o:p></o:p></p></body></html>`;
    expect(cleanPasted(word).trim()).toBe("<p><b><span>通知</span></b></p>");
  });

  it("makes lists of paragraphs with hanging bullets", () => {
    const item = (mark: string, text: string) =>
      `<p class=MsoListParagraph><span style='mso-list:Ignore'>${mark}<span> </span></span>${text}</p>`;
    const cleaned = cleanPasted(item("·", "甲") + item("·", "乙") + "<p>隔</p>" + item("1.", "丙"));
    expect(cleaned).toBe("<ul><li>甲</li><li>乙</li></ul><p>隔</p><ol><li>丙</li></ol>");
  });

  it("keeps nothing that runs or leads the page elsewhere", () => {
    const hostile = `<base href="//evil.example/"><svg onload="x()"><script>x()</script></svg><a href="/a" onclick="x()" style="x">b</a>`;
    const cleaned = cleanPasted(hostile);
    expect(cleaned).toContain('<a href="/a">b</a>');
    expect(cleaned).not.toMatch(/onload|onclick|script|base|style/);
  });

  it("drops pictures that stand on the sender's computer", () => {
    expect(cleanPasted('<p>a<img src="file:///C:/x.png"><img src="https://evil.example/x"></p>')).toBe(
      "<p>a</p>",
    );
  });
});
