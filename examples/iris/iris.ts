/**
 * Which model, with which parameters, tells the three kinds of iris apart best? A grid of models, each trained and tested in
 * cross-validation; the best is then tried on flowers that no model has seen.
 *
 *   heddle run examples/iris/iris.ts
 *   heddle run -n 4 examples/iris/iris.ts
 *
 * A task trains one model on all folds but one, and tests it on that. The best model is the same on any number of ranks.
 */
import { app, run } from "heddle";
import { accuracyOf, FOLDS, flowers, type Model, nameOf } from "./models.ts";

const GRID: Model[] = [
  ...[1, 3, 5, 9, 15, 25].map((k): Model => ({ kind: "knn", k })),
  ...[1, 5, 15].flatMap((trees) => [1, 2, 4].map((features): Model => ({ kind: "forest", trees, features }))),
  ...[100, 400].flatMap((steps) => [5e-4, 2e-3].map((rate): Model => ({ kind: "logistic", steps, rate }))),
];

const validate = app(
  "validate",
  (model: Model, fold: number) => accuracyOf(model, flowers("train", fold), flowers("test", fold)),
  { returns: "f64" },
);
const examine = app("examine", (model: Model) => accuracyOf(model, flowers("train"), flowers("unseen")));

await run(async () => {
  const accuracies = await validate.map(
    GRID.flatMap((model) => Array.from({ length: FOLDS }, (_, fold): [Model, number] => [model, fold])),
  );
  const means = GRID.map((model, k) => {
    const folds = accuracies.subarray(k * FOLDS, (k + 1) * FOLDS);
    return { model, accuracy: folds.reduce((sum, one) => sum + one, 0) / FOLDS };
  });
  means.sort((a, b) => b.accuracy - a.accuracy); // Stable: of equal ones the simpler, which stands first in the grid.
  const [best, ...others] = means as [(typeof means)[0], ...typeof means];
  for (const { model, accuracy } of others.slice(0, 5).reverse())
    console.log(`${accuracy.toFixed(3)}  ${nameOf(model)}`);
  console.log(`${best.accuracy.toFixed(3)}  ${nameOf(best.model)} is the best of ${GRID.length} models`);
  console.log(`${(await examine(best.model)).toFixed(3)}  of the flowers that it had not seen are right`);
});
