// MultipleNegativesRankingLoss (Henderson et al. 2017, https://arxiv.org/abs/1705.00652, section 4.4, with cosine similarity as
// sentence-transformers has it): each question's own document against all documents of the batch. One direction, no hard negatives.
import { div, eyeLike, l2Normalize, logSoftmax, matMul, mul, neg, reduceSum } from '../graph/build.js';
import type { Loss } from './loss.js';

/** `mean over i of −log softmax_j(scale · cos(query_i, document_j))[i]`; the other documents of the batch are the negatives. */
export const multipleNegativesRankingLoss: Loss = ({ queries, documents }, { scale }) => {
  const similarities = matMul(l2Normalize(queries), l2Normalize(documents), { transB: true, alpha: scale });
  const own = eyeLike(similarities);
  const sum = (x: typeof own): typeof own => reduceSum(x, { axes: [0, 1], keepdims: false });
  // Σ of the diagonal of ones is the number of pairs.
  return neg(div(sum(mul(logSoftmax(similarities), own)), sum(own)));
};
