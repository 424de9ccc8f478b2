import type { Situation } from "../../../api/types";

/**
 * True where everything was reported for the region as a whole: then nothing is known of the regions below, and a zero
 * there would be a lie.
 */
export function reportedAsWhole({ undivided, regions }: Situation): boolean {
  return undivided !== 0 && regions.length > 0 && regions.every((region) => region.cumulative === 0);
}
