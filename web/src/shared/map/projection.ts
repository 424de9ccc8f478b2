import type { RegionMap } from "../../api/types";

type Position = readonly number[];

export interface DrawnShape {
  code: string;
  name: string;
  /** Path data of all polygons. */
  path: string;
  label: { x: number; y: number };
}

export interface DrawnMap {
  width: number;
  height: number;
  shapes: DrawnShape[];
  tiles: { code: string; name: string; x: number; y: number; size: number }[];
}

const TILE = 64;
const TILE_GAP = 5;
/** Frame that boundaries are fitted into, so that labels have the same size on every map. */
const FRAME = { width: 560, height: 450 };

/**
 * Lays out boundaries (plate carrée, narrowed by the cosine of the middle latitude, good enough for one country) and,
 * below them, the tile grid of regions that have no boundary.
 */
export function layOut(map: RegionMap): DrawnMap {
  const drawn: DrawnMap = { width: 0, height: 0, shapes: [], tiles: [] };
  if (map.shapes.length > 0) addShapes(map, drawn);
  if (map.tiles.length > 0) addTiles(map, drawn);
  return drawn;
}

function addShapes(map: RegionMap, drawn: DrawnMap): void {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const shape of map.shapes) {
    for (const [lon = 0, lat = 0] of shape.polygons.flat(2)) {
      west = Math.min(west, lon);
      east = Math.max(east, lon);
      south = Math.min(south, lat);
      north = Math.max(north, lat);
    }
  }
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = Math.min(
    FRAME.width / Math.max(1e-9, (east - west) * squeeze),
    FRAME.height / Math.max(1e-9, north - south),
  );
  const project = ([lon = 0, lat = 0]: Position) => ({
    x: (lon - west) * squeeze * scale,
    y: (north - lat) * scale,
  });
  drawn.shapes = map.shapes.map((shape) => ({
    code: shape.code,
    name: shape.name,
    path: shape.polygons.flatMap((rings) => rings.map((ring) => ringPath(ring.map(project)))).join(""),
    label: project(shape.label),
  }));
  drawn.width = (east - west) * squeeze * scale;
  drawn.height = (north - south) * scale;
}

function ringPath(points: { x: number; y: number }[]): string {
  return `M${points.map((p) => `${p.x.toFixed(1)} ${p.y.toFixed(1)}`).join("L")}Z`;
}

function addTiles(map: RegionMap, drawn: DrawnMap): void {
  const top = drawn.height > 0 ? drawn.height + 24 : 0;
  const columns = 1 + Math.max(...map.tiles.map((tile) => tile.col));
  const rows = 1 + Math.max(...map.tiles.map((tile) => tile.row));
  // Beside boundaries, the grid takes their width; alone it defines its own.
  const pitch = drawn.width > 0 ? Math.min(TILE, drawn.width / columns) : TILE;
  drawn.tiles = map.tiles.map((tile) => ({
    code: tile.code,
    name: tile.name,
    x: tile.col * pitch + TILE_GAP / 2,
    y: top + tile.row * pitch + TILE_GAP / 2,
    size: pitch - TILE_GAP,
  }));
  drawn.width = Math.max(drawn.width, columns * pitch);
  drawn.height = top + rows * pitch;
}
