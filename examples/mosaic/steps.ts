/** What the tasks do: from files to files, and for planes from files to numbers. */
import { context } from "heddle";
import { at, type Image, image, read, write } from "./image.ts";

/** Tiles along each side, their pixels, and how far the next one is: less, so that they overlap. */
export const TILES = 4;
const SIZE = 48;
const STEP = 36;
/** Of the mosaic, pixels. */
export const WIDTH: number = STEP * (TILES - 1) + SIZE - 2;

/** Brightness as a + bx + cy, of places in the sky in units of WIDTH: the background of a tile. */
export type Plane = readonly [a: number, b: number, c: number];
const value = ([a, b, c]: Plane, x: number, y: number): number => a + (b * x + c * y) / WIDTH;

// Stars: bright ones stand out, most are dim.
const STARS = Array.from({ length: 60 }, (_, k) => {
  const part = (by: number): number => (k * by) % 1;
  return {
    x: WIDTH * part(Math.SQRT2),
    y: WIDTH * part(Math.E),
    light: 4 + 60 * part(Math.PI) ** 4,
    size: 2.5 + part(0.7),
  };
});

/** The truth, which no tile shows. */
export function sky(x: number, y: number): number {
  let light = 0;
  for (const star of STARS) {
    const distance = ((x - star.x) ** 2 + (y - star.y) ** 2) / (2 * star.size ** 2);
    if (distance < 12) light += star.light * Math.exp(-distance);
  }
  return light;
}

/** What a telescope sees of tile `k`: a little beside where it was to look, with noise, and with a background of its own. */
export function observe(k: number, file: string): void {
  const { random } = context();
  const [x, y] = [(k % TILES) * STEP - random(), Math.floor(k / TILES) * STEP - random()];
  const background: Plane = [200 * random(), 80 * (random() - 0.5), 80 * (random() - 0.5)];
  const noise = (): number => 0.5 * (random() + random() - 1);
  write(
    file,
    image(x, y, SIZE, SIZE, (u, v) => sky(u, v) + value(background, u, v) + noise()),
  );
}

/** The same tile on the pixels of the mosaic. */
export function project(raw: string, out: string): void {
  const tile = read(raw);
  write(
    out,
    image(Math.ceil(tile.x), Math.ceil(tile.y), SIZE - 1, SIZE - 1, (x, y) => at(tile, x, y) ?? 0),
  );
}

/** The plane that is nearest to the difference of two tiles where they overlap. */
export function difference(first: string, second: string): Plane {
  const [one, other] = [read(first), read(second)];
  const samples: [number, number, number][] = [];
  for (let y = Math.max(one.y, other.y); y < Math.min(one.y, other.y) + SIZE - 1; y++) {
    for (let x = Math.max(one.x, other.x); x < Math.min(one.x, other.x) + SIZE - 1; x++)
      samples.push([x, y, at(one, x, y)! - at(other, x, y)!]);
  }
  return nearestPlane(samples);
}

/** Least squares, by the normal equations. */
function nearestPlane(samples: readonly (readonly [x: number, y: number, value: number])[]): Plane {
  const rows = [0, 1, 2].map(() => [0, 0, 0, 0]);
  for (const [x, y, z] of samples) {
    const terms = [1, x / WIDTH, y / WIDTH, z];
    for (const [i, row] of rows.entries()) for (const [j, term] of terms.entries()) row[j]! += terms[i]! * term;
  }
  for (const [i, pivot] of rows.entries()) {
    for (const [k, row] of rows.entries()) {
      const factor = k === i ? 0 : row[i]! / pivot[i]!;
      for (let j = i; j < 4; j++) row[j]! -= factor * pivot[j]!;
    }
  }
  return rows.map((row, i) => row[3]! / row[i]!) as unknown as Plane;
}

/** Tiles that overlap, beside or above each other. */
export const PAIRS: readonly (readonly [number, number])[] = Array.from({ length: TILES ** 2 }, (_, k) => [
  ...((k + 1) % TILES === 0 ? [] : [[k, k + 1] as const]),
  ...(k + TILES < TILES ** 2 ? [[k, k + TILES] as const] : []),
]).flat();

/** Of each tile the plane to take away, so that what they differ by goes: of each pair the fitted difference. Gauss and Seidel. */
export function model(differences: readonly Plane[]): Plane[] {
  const planes = Array.from({ length: TILES ** 2 }, (): [number, number, number] => [0, 0, 0]);
  for (let round = 0; round < 500; round++) {
    for (const [k, plane] of planes.entries()) {
      const wanted = PAIRS.flatMap(([i, j], pair) => {
        if (i === k) return [planes[j]!.map((term, t) => term + differences[pair]![t]!)];
        return j === k ? [planes[i]!.map((term, t) => term - differences[pair]![t]!)] : [];
      });
      for (const t of [0, 1, 2]) plane[t] = wanted.reduce((sum, one) => sum + one[t]!, 0) / wanted.length;
    }
  }
  return planes;
}

export function correct(projected: string, planes: readonly Plane[], k: number, out: string): void {
  const tile = read(projected);
  const { x, y, width, height } = tile;
  write(
    out,
    image(x, y, width, height, (u, v) => at(tile, u, v)! - value(planes[k]!, u, v)),
  );
}

/** The mean of all tiles that show a place. */
export function add(tiles: readonly string[], out: string): void {
  const images = tiles.map(read);
  const mean = (x: number, y: number): number => {
    const shown = images.map((one) => at(one, x, y)).filter((light) => light !== undefined);
    return shown.reduce((sum, light) => sum + light, 0) / shown.length;
  };
  write(out, image(0, 0, WIDTH, WIDTH, mean));
}

/** Root of the mean square of what differs from the truth, but for a plane: nobody can know the background of the whole. */
export function errorOf({ x, y, width, pixels }: Image): number {
  const difference = (k: number): [number, number, number] => {
    const [u, v] = [x + (k % width), y + Math.floor(k / width)];
    return [u, v, pixels[k]! - sky(u, v)];
  };
  const all = Array.from(pixels.keys(), difference);
  const plane = nearestPlane(all);
  return Math.sqrt(all.reduce((sum, [u, v, d]) => sum + (d - value(plane, u, v)) ** 2, 0) / all.length);
}
