import { describe, expect, it } from "vitest";
import { labelSpots } from "./labels";
import { shortName } from "./names";
import { layOut } from "./projection";
import { colourScale } from "./scale";

describe("colourScale", () => {
  it("gives zero a class of its own and every count one of the legend", () => {
    for (const max of [0, 1, 3, 7, 48, 999, 68_000]) {
      const scale = colourScale([0, max]);
      expect(scale.classes.length).toBeLessThanOrEqual(6);
      for (const value of [1, 2, 7, max].filter((v) => v > 0 && v <= max)) {
        const own = scale.classes.filter(
          (c) => c.from > 0 && value >= c.from && (c.to === null || value < c.to),
        );
        expect(own).toHaveLength(1);
        expect(scale.colour(value)).toBe(own[0]?.colour);
        expect(scale.colour(value)).not.toBe(scale.colour(0));
      }
    }
  });

  it("keeps the many apart where one region has most of the cases", () => {
    const scale = colourScale([4, 60, 300, 412, 1_200, 68_000]);
    expect(new Set([4, 300, 1_200, 68_000].map(scale.colour)).size).toBeGreaterThanOrEqual(3);
  });

  it("never makes a larger count paler", () => {
    const scale = colourScale([4, 300, 412, 1_200, 68_000]);
    const order = scale.classes.map((c) => c.colour);
    let last = 0;
    for (let value = 0; value <= 68_000; value += 97) {
      const now = order.indexOf(scale.colour(value));
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });
});

describe("layOut", () => {
  const shape = {
    code: "1",
    name: "A",
    label: [112.5, 36.5],
    polygons: [
      [
        [
          [112, 36],
          [113, 36],
          [113, 37],
          [112, 37],
          [112, 36],
        ],
      ],
    ],
  };

  it("keeps north up and shapes inside the frame", () => {
    const drawn = layOut({ kind: "boundary", shapes: [shape], tiles: [] });
    expect(drawn.shapes[0]?.label.x).toBeCloseTo(drawn.width / 2);
    expect(drawn.shapes[0]?.label.y).toBeCloseTo(drawn.height / 2);
    expect(drawn.height).toBeGreaterThan(drawn.width);
  });

  it("puts tiles of regions without boundary below the shapes, without overlap", () => {
    const tiles = [0, 1, 2].map((i) => ({ code: `t${i}`, name: "T", col: i, row: 0 }));
    const drawn = layOut({ kind: "mixed", shapes: [shape], tiles });
    const bottom = layOut({ kind: "boundary", shapes: [shape], tiles: [] }).height;
    expect(drawn.tiles.every((tile) => tile.y >= bottom)).toBe(true);
    const [a, b] = drawn.tiles;
    expect((a?.x ?? 0) + (a?.size ?? 0)).toBeLessThan(b?.x ?? 0);
  });

  it("lays out a map without any region as empty", () => {
    expect(layOut({ kind: "tiles", shapes: [], tiles: [] })).toEqual({
      width: 0,
      height: 0,
      shapes: [],
      tiles: [],
    });
  });
});

describe("labels", () => {
  const at = (code: string, x: number, weight: number) => ({ code, x, y: 0, width: 20, height: 10, weight });

  it("are left out where they would touch a heavier one", () => {
    const written = labelSpots([at("a", 0, 1), at("b", 15, 5), at("c", 40, 0)]);
    expect([...written].sort()).toEqual(["b", "c"]);
  });

  it("name regions as maps do", () => {
    const names = [
      "内蒙古自治区",
      "西藏自治区",
      "新疆维吾尔自治区",
      "广西壮族自治区",
      "恩施土家族苗族自治州",
    ];
    expect(names.map(shortName)).toEqual(["内蒙古", "西藏", "新疆", "广西", "恩施"]);
    expect(["长治市", "沁县", "香港特别行政区", "延边朝鲜族自治州"].map(shortName)).toEqual([
      "长治",
      "沁县",
      "香港",
      "延边",
    ]);
  });
});
