import { useMemo, type KeyboardEvent } from "react";
import type { RegionMap } from "../../api/types";
import { labelSpots } from "./labels";
import { shortName } from "./names";
import { layOut } from "./projection";
import type { ColourScale } from "./scale";

export interface MapValue {
  value: number;
  /** What the colour stands for, written on the region. */
  text: string;
  /** Whole sentence for screen readers and the tooltip. */
  label: string;
  signals: number;
}

interface Props {
  map: RegionMap;
  values: Map<string, MapValue>;
  scale: ColourScale;
  label: string;
  /** Absent for regions that have nothing below them. */
  onOpen: (code: string) => (() => void) | undefined;
}

const DENSE = 40;

/** Choropleth of the regions that have a boundary, tile grid of those that have none. Regions are buttons. */
export function RegionMapView({ map, values, scale, label, onOpen }: Props) {
  const drawn = useMemo(() => layOut(map), [map]);
  // Some room for labels that reach over the edge.
  const margin = 14;
  const viewBox = `${-margin} ${-margin} ${drawn.width + 2 * margin} ${drawn.height + 2 * margin}`;
  const dense = drawn.shapes.length > DENSE;

  const button = (code: string, name: string) => {
    const open = onOpen(code);
    const title = values.get(code)?.label ?? name;
    return {
      title,
      props: open
        ? {
            role: "button",
            tabIndex: 0,
            "aria-label": title,
            className: "map-region open",
            onClick: open,
            onKeyDown: (event: KeyboardEvent) => {
              if (event.key !== "Enter" && event.key !== " ") return;
              event.preventDefault();
              open();
            },
          }
        : { role: "img", "aria-label": title, className: "map-region" },
    };
  };
  const written = useMemo(
    () =>
      labelSpots(
        drawn.shapes.map((shape) => {
          const value = values.get(shape.code);
          const letters = Math.max(dense ? 0 : 2 * shortName(shape.name).length, value?.text.length ?? 0);
          return {
            code: shape.code,
            ...shape.label,
            width: letters * (dense ? 6.5 : 7.2) + 2,
            height: dense ? 13 : 28,
            weight: value?.value ?? 0,
          };
        }),
      ),
    [drawn, values, dense],
  );
  const colourOf = (code: string) => scale.colour(values.get(code)?.value ?? 0);
  const inkOf = (code: string) => scale.ink(values.get(code)?.value ?? 0);

  return (
    <svg
      className="region-map"
      viewBox={viewBox}
      role="group"
      aria-label={label}
      preserveAspectRatio="xMidYMid meet"
    >
      {drawn.shapes.map((shape) => {
        const { title, props } = button(shape.code, shape.name);
        return (
          <g key={shape.code} {...props}>
            <title>{title}</title>
            <path d={shape.path} fill={colourOf(shape.code)} fillRule="evenodd" />
          </g>
        );
      })}
      {/* What is written comes after what is drawn, so that no neighbour covers it. */}
      {drawn.shapes.map((shape) => {
        const value = values.get(shape.code);
        if (dense && !value?.value) return null;
        const mark = value?.signals;
        const beside = written.has(shape.code);
        if (!beside && !mark) return null;
        const letters = dense ? (value?.text.length ?? 0) : 2 * shortName(shape.name).length;
        return (
          <g
            key={shape.code}
            className={dense ? "map-label dense" : "map-label"}
            transform={`translate(${shape.label.x} ${shape.label.y})`}
            fill={inkOf(shape.code)}
            aria-hidden
          >
            {beside && !dense && <text y={-2}>{shortName(shape.name)}</text>}
            {beside && (
              <text y={dense ? 4 : 12} className="map-value">
                {value?.text}
              </text>
            )}
            {!!mark && <SignalMark x={beside ? letters * 3.4 + 9 : 0} y={dense ? 0 : -7} />}
          </g>
        );
      })}
      {drawn.tiles.map((tile) => {
        const { title, props } = button(tile.code, tile.name);
        return (
          <g key={tile.code} {...props}>
            <title>{title}</title>
            <rect
              x={tile.x}
              y={tile.y}
              width={tile.size}
              height={tile.size}
              rx={4}
              fill={colourOf(tile.code)}
            />
          </g>
        );
      })}
      {drawn.tiles.map((tile) => {
        const value = values.get(tile.code);
        const middle = tile.x + tile.size / 2;
        const name = shortName(tile.name);
        return (
          <g key={tile.code} className="map-label" fill={inkOf(tile.code)} aria-hidden>
            <text
              x={middle}
              y={tile.y + tile.size * 0.42}
              textLength={name.length > 4 ? tile.size - 8 : undefined}
              lengthAdjust="spacingAndGlyphs"
            >
              {name}
            </text>
            <text x={middle} y={tile.y + tile.size * 0.75} className="map-value">
              {value?.text}
            </text>
            {!!value?.signals && <SignalMark x={tile.x + tile.size - 8} y={tile.y + 8} />}
          </g>
        );
      })}
    </svg>
  );
}

/** A triangle on a light disc: it differs by form and not by colour alone, on any ground. */
function SignalMark({ x, y }: { x: number; y: number }) {
  return (
    <g className="map-signal" transform={`translate(${x} ${y})`} aria-hidden>
      <circle r={7.5} />
      <path d="M0-4.6l4.6 8h-9.2z" />
    </g>
  );
}
