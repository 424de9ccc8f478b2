import { Button } from "antd";
import { useI18n } from "../i18n/i18n";

/** Offers the other language in its own words. */
export function LanguageSwitch() {
  const { lang, setLang } = useI18n();
  const other = lang === "zh" ? "en" : "zh";
  return (
    <Button type="text" className="language-switch" lang={other} onClick={() => setLang(other)}>
      {other === "zh" ? "中文" : "English"}
    </Button>
  );
}
