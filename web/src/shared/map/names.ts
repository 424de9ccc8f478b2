const PEOPLES =
  "(?:(?:满|回|藏|苗|彝|壮|羌|侗|瑶|傣|白|水|黎|畲|土|土家|布依|朝鲜|哈萨克|蒙古|维吾尔|哈尼|景颇|傈僳|柯尔克孜|各)族?)*";
const SUFFIXES =
  "(?:自治区|自治州|自治县|自治旗|特别行政区|地区|街道办事处|社区居委会|村委会|[省市区县镇乡盟旗])";
const NAME = new RegExp(`^(.{2,}?)${PEOPLES}${SUFFIXES}$`, "u");

/** Name without the administrative suffix, as maps write it; names of two characters keep theirs (郊区, 沁县). */
export function shortName(name: string): string {
  return name.match(NAME)?.[1] ?? name;
}
