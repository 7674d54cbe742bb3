/** The built-in reductions, as native code computes them: floating-point sums in the fixed tree of blocks.ts. */

import type { ElementType, ReduceOp, TypedColumn } from "../native/binding.ts";
import { alignedBlocks, type Block, foldTree } from "./blocks.ts";

/** A value under reduction: a number for floating-point elements, else a bigint. */
export type Scalar = number | bigint;

const SIGNED = new Set<ElementType>(["i32", "i64"]);

function isFloat(element: ElementType | null): boolean {
  return element === "f64" || element === "f32";
}

/** True where the order of combination shows in the result. */
export function orderMatters(op: ReduceOp, element: ElementType | null): boolean {
  return op === "sum" && isFloat(element);
}

/** Combines two values. Integer sums wrap at 2^64; a NaN wins over numbers. */
export function combineScalars(op: ReduceOp, element: ElementType | null, left: Scalar, right: Scalar): Scalar {
  if (isFloat(element) && op !== "count") {
    const [a, b] = [left as number, right as number];
    return op === "sum" ? a + b : op === "min" ? Math.min(a, b) : Math.max(a, b);
  }
  const [a, b] = [left as bigint, right as bigint];
  if (op === "min") return a < b ? a : b;
  if (op === "max") return a > b ? a : b;
  return SIGNED.has(element as ElementType) ? BigInt.asIntN(64, a + b) : BigInt.asUintN(64, a + b);
}

/** Reduces the elements of tasks `[first, first + column.length)` to one value, or to one for each aligned block. */
export function reduceColumn(
  op: ReduceOp,
  element: ElementType | null,
  first: number,
  column: TypedColumn,
): Block<Scalar>[] {
  const last = first + column.length;
  if (op === "count") return [{ first, last, value: BigInt(column.length) }];
  const values: ArrayLike<Scalar> = isFloat(element) ? column : Array.from(column as ArrayLike<Scalar>, BigInt);
  const combine = (a: Scalar, b: Scalar): Scalar => combineScalars(op, element, a, b);
  if (orderMatters(op, element)) {
    return alignedBlocks(first, last).map(([from, to]) => {
      return { first: from, last: to, value: foldTree(values, from - first, to - first, combine) };
    });
  }
  let value = values[0] as Scalar;
  for (let k = 1; k < values.length; k++) value = combine(value, values[k] as Scalar);
  return [{ first, last, value }];
}

/** A partial value as 8 bytes, little-endian. */
export function encodePartial(op: ReduceOp, element: ElementType | null, value: Scalar): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  if (op !== "count" && isFloat(element)) view.setFloat64(0, value as number, true);
  else view.setBigUint64(0, BigInt.asUintN(64, value as bigint), true);
  return new Uint8Array(view.buffer);
}

export function decodePartial(op: ReduceOp, element: ElementType | null, bytes: Uint8Array): Scalar {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (op === "count") return view.getBigUint64(0, true);
  if (isFloat(element)) return view.getFloat64(0, true);
  return SIGNED.has(element as ElementType) ? view.getBigInt64(0, true) : view.getBigUint64(0, true);
}

/** The value as the program gets it: a bigint only where the elements are. */
export function publicScalar(op: ReduceOp, element: ElementType | null, value: Scalar): Scalar {
  if (op === "count") return Number(value);
  return element === "i64" || element === "u64" ? value : Number(value);
}
