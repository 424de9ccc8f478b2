/** Civil time at the place of the installation, whatever the zone of the browser. */

const MINUTE_MS = 60_000;

/** How far the zone (name or offset) is ahead of UTC at an instant, in milliseconds; 0 for a zone that is unknown. */
function ahead(at: number, zone: string): number {
  const offset = zone.match(/^([+-])(\d\d):(\d\d)$/);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return (offset[1] === "-" ? -minutes : minutes) * MINUTE_MS;
  }
  try {
    const parts = new Intl.DateTimeFormat("en-GB", {
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZone: zone,
    }).formatToParts(new Date(at));
    const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
    const civil = `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}Z`;
    return Date.parse(civil) - Math.floor(at / 1000) * 1000;
  } catch {
    return 0;
  }
}

/** The instant as `2020-02-12T08:00` in the zone; empty for what is no instant. */
export function toCivil(iso: string | null | undefined, zone: string): string {
  const at = Date.parse(iso ?? "");
  return Number.isNaN(at) ? "" : new Date(at + ahead(at, zone)).toISOString().slice(0, 16);
}

/** The instant at which the clocks of the zone show `2020-02-12T08:00`; nothing for what is no such time. */
export function fromCivil(civil: string, zone: string): string | undefined {
  const shown = Date.parse(`${civil}Z`);
  if (Number.isNaN(shown)) return undefined;
  // Twice, because the offset may differ between the first guess and the instant itself.
  const guess = shown - ahead(shown, zone);
  return new Date(shown - ahead(guess, zone)).toISOString();
}
