/** Typed columns: rows packed without padding for "fixed" arguments, and arrays for typed results. */

import type { ElementType, TypedColumn } from "../native/binding.ts";

type ColumnClass = {
  new (length: number): TypedColumn;
  new (buffer: ArrayBufferLike, at: number, length: number): TypedColumn;
};

const CLASSES: Record<ElementType, ColumnClass> = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  u8: Uint8Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
};

export const elementBytes: Record<ElementType, number> = { f64: 8, f32: 4, i32: 4, u32: 4, u8: 1, i64: 8, u64: 8 };

/** A column of `length` zeros. Throws RangeError when it cannot be allocated. */
export function newColumn(element: ElementType, length: number): TypedColumn {
  return new CLASSES[element](length);
}

/** The element type of a typed array; null for other values, and for arrays that no column type holds exactly. */
export function elementOf(value: unknown): ElementType | null {
  for (const [element, Class] of Object.entries(CLASSES)) {
    if (value instanceof Class) return element as ElementType;
  }
  return null;
}

/** A column of arguments: numbers read by position. */
export interface FixedColumn {
  element: ElementType;
  length: number;
  at(k: number): number | bigint;
}

/** Packs rows `[first, last)` of `columns`. One column of its own array is a copy of its bytes. */
export function packRows(columns: readonly FixedColumn[], first: number, last: number): Uint8Array {
  const width = rowBytes(columns.map((column) => column.element));
  const bytes = new Uint8Array(width * (last - first));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const column of columns) {
    const put = setters[column.element];
    for (let k = first, at = offset; k < last; k++, at += width) put(view, at, column.at(k));
    offset += elementBytes[column.element];
  }
  return bytes;
}

export function rowBytes(columns: readonly ElementType[]): number {
  return columns.reduce((sum, element) => sum + elementBytes[element], 0);
}

/** Reads one element at byte `at` of `view`. */
export type Getter = (view: DataView, at: number) => number | bigint;

export const getters: Record<ElementType, Getter> = {
  f64: (view, at) => view.getFloat64(at, true),
  f32: (view, at) => view.getFloat32(at, true),
  i32: (view, at) => view.getInt32(at, true),
  u32: (view, at) => view.getUint32(at, true),
  u8: (view, at) => view.getUint8(at),
  i64: (view, at) => view.getBigInt64(at, true),
  u64: (view, at) => view.getBigUint64(at, true),
};

/** Writes one element at byte `at` of `view`; what does not fit is cut. */
export const setters: Record<ElementType, (view: DataView, at: number, value: number | bigint) => void> = {
  f64: (view, at, value) => view.setFloat64(at, value as number, true),
  f32: (view, at, value) => view.setFloat32(at, value as number, true),
  i32: (view, at, value) => view.setInt32(at, value as number, true),
  u32: (view, at, value) => view.setUint32(at, value as number, true),
  u8: (view, at, value) => view.setUint8(at, value as number),
  i64: (view, at, value) => view.setBigInt64(at, value as bigint, true),
  u64: (view, at, value) => view.setBigUint64(at, value as bigint, true),
};

/** Is `value` exactly an element of this type? A 3.5 is no i32: it must not be cut in silence. */
export function fits(element: ElementType, value: unknown): boolean {
  switch (element) {
    case "f64":
    case "f32":
      return typeof value === "number";
    case "i32":
      return typeof value === "number" && value === (value | 0);
    case "u32":
      return typeof value === "number" && value === value >>> 0;
    case "u8":
      return typeof value === "number" && value === (value & 0xff);
    case "i64":
      return typeof value === "bigint" && BigInt.asIntN(64, value) === value;
    case "u64":
      return typeof value === "bigint" && BigInt.asUintN(64, value) === value;
  }
}
