/** Images as files: four numbers (where the lower left pixel lies, width, height), then the pixels row by row, all f64. */
import { readFileSync, writeFileSync } from "node:fs";

export interface Image {
  /** Where its first pixel lies in the sky, pixels. Whole numbers once it is projected. */
  x: number;
  y: number;
  width: number;
  height: number;
  pixels: Float64Array;
}

export function write(file: string, { x, y, width, height, pixels }: Image): void {
  writeFileSync(file, Float64Array.of(x, y, width, height, ...pixels));
}

export function read(file: string): Image {
  const bytes = readFileSync(file);
  const numbers = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const [x, y, width, height] = numbers as unknown as [number, number, number, number];
  return { x, y, width, height, pixels: numbers.subarray(4) };
}

/** An image whose pixels are `value` of their places in the sky. */
export function image(
  x: number,
  y: number,
  width: number,
  height: number,
  value: (x: number, y: number) => number,
): Image {
  const pixels = Float64Array.from({ length: width * height }, (_, k) =>
    value(x + (k % width), y + Math.floor(k / width)),
  );
  return { x, y, width, height, pixels };
}

/** Its value at a place of the sky, between pixels too; undefined outside. */
export function at({ x, y, width, height, pixels }: Image, skyX: number, skyY: number): number | undefined {
  const [column, row] = [Math.floor(skyX - x), Math.floor(skyY - y)];
  const [right, up] = [skyX - x - column, skyY - y - row];
  if (column < 0 || row < 0 || column + Math.ceil(right) >= width || row + Math.ceil(up) >= height) return undefined;
  const pixel = (c: number, r: number): number => pixels[(row + r) * width + column + c] ?? 0;
  const low = pixel(0, 0) + right * (pixel(1, 0) - pixel(0, 0));
  return up === 0 ? low : low + up * (pixel(0, 1) + right * (pixel(1, 1) - pixel(0, 1)) - low);
}
