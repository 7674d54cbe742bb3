// What the example uses of packages that bring no types, or none that compile.

declare module "ml-knn" {
  export default class KNN {
    constructor(dataset: number[][], labels: number[], options: { k: number });
    predict(dataset: number[][]): number[];
  }
}

declare module "ml-logistic-regression" {
  import type { Matrix } from "ml-matrix";
  export default class LogisticRegression {
    constructor(options: { numSteps: number; learningRate: number });
    train(features: Matrix, classes: Matrix): void;
    predict(features: Matrix): number[];
  }
}

declare module "ml-random-forest" {
  export class RandomForestClassifier {
    constructor(options: { nEstimators: number; maxFeatures: number; seed: number; noOOB: boolean });
    train(dataset: number[][], labels: number[]): void;
    predict(dataset: number[][]): number[];
  }
}
