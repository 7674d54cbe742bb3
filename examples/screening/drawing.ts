/** Drawings of molecules as inline SVG, made fit for a page: no ids, no scripts' handles, a title, readable colours. */
import { Molecule } from "openchemlib";

/** Draws a molecule. `title` is what a screen reader says. */
export function drawing(smiles: string, title: string): string {
  const raw = Molecule.fromSmiles(smiles).toSVG(300, 220, "molecule", {
    autoCrop: true,
    autoCropMargin: 8,
    suppressChiralText: true,
    suppressCIPParity: true,
    suppressESR: true,
  });
  const size = /width="(\d+)px" height="(\d+)px" viewBox="([^"]+)"/.exec(raw);
  if (size === null) throw new Error("openchemlib's drawing has no size");
  const [, width, height, viewBox] = size;
  const shapes = raw
    .slice(raw.indexOf("</style>") + "</style>".length, raw.lastIndexOf("</svg>"))
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.includes('class="event"'))
    .map((line) => line.trim().replace(/rgb\((\d+), ?(\d+), ?(\d+)\)/g, readable))
    .join("");
  return `<svg role="img" width="${width}" height="${height}" viewBox="${viewBox}"><title>${escape(title)}</title>${shapes}</svg>`;
}

/** Text that means itself in HTML. */
export function escape(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (sign) => names[sign] as string);
}

/** The colour, darkened until it stands out on white: the usual green of fluorine does not. */
function readable(_: string, r: string, g: string, b: string): string {
  const [red, green, blue] = [Number(r), Number(g), Number(b)];
  const light = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  if (light === 0) return "currentColor";
  const factor = Math.min(1, 0.38 / light);
  const hex = (value: number): string =>
    Math.round(value * factor)
      .toString(16)
      .padStart(2, "0");
  return `#${hex(red)}${hex(green)}${hex(blue)}`;
}
