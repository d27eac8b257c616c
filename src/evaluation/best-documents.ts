// The best documents of one question, kept in a bounded heap while scores come in: memory and time do not grow with the corpus beyond
// one comparison a score. Order: higher score first; of equal scores the document of the lower index first.

/** A bounded heap whose root is the worst document kept: lowest score, of equal scores the highest index. */
export class BestDocuments {
  private size = 0;
  private readonly scores: Float64Array;
  private readonly documents: Int32Array;

  /** @param depth documents to keep, at least 1 */
  constructor(private readonly depth: number) {
    this.scores = new Float64Array(depth);
    this.documents = new Int32Array(depth);
  }

  /** Scores of the documents from `firstDocument` on. They come in rising order, so one that only equals the worst kept never displaces it. */
  offer(line: Float32Array | Float64Array, firstDocument: number): void {
    let column = 0;
    while (this.size < this.depth && column < line.length) {
      this.scores[this.size] = line[column]!;
      this.documents[this.size] = firstDocument + column;
      this.size++;
      column++;
      if (this.size === this.depth) for (let i = (this.depth >> 1) - 1; i >= 0; i--) this.sink(i);
    }
    let worst = this.scores[0]!;
    for (; column < line.length; column++) {
      const score = line[column]!;
      if (!(score > worst)) continue;
      this.scores[0] = score;
      this.documents[0] = firstDocument + column;
      this.sink(0);
      worst = this.scores[0];
    }
  }

  /** What is kept, best first. */
  sorted(): { document: number; score: number }[] {
    const kept = Array.from({ length: this.size }, (_, i) => ({
      document: this.documents[i]!,
      score: this.scores[i]!,
    }));
    return kept.sort((a, b) => b.score - a.score || a.document - b.document);
  }

  private sink(from: number): void {
    for (let parent = from; ;) {
      const left = 2 * parent + 1;
      let worst = parent;
      if (left < this.size && this.isWorse(left, worst)) worst = left;
      if (left + 1 < this.size && this.isWorse(left + 1, worst)) worst = left + 1;
      if (worst === parent) return;
      this.swap(parent, worst);
      parent = worst;
    }
  }

  private isWorse(a: number, b: number): boolean {
    return (
      this.scores[a]! < this.scores[b]! ||
      (this.scores[a] === this.scores[b] && this.documents[a]! > this.documents[b]!)
    );
  }

  private swap(a: number, b: number): void {
    [this.scores[a], this.scores[b]] = [this.scores[b]!, this.scores[a]!];
    [this.documents[a], this.documents[b]] = [this.documents[b]!, this.documents[a]!];
  }
}
