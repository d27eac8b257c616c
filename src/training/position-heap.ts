// A binary heap of whole numbers: the smallest comes out first.

/** Smallest number first; `ascending` fills it at once. */
export class PositionHeap {
  private readonly items: number[];

  constructor(ascending: Iterable<number>) {
    this.items = [...ascending]; // ascending order is a heap already
  }

  get size(): number {
    return this.items.length;
  }

  push(value: number): void {
    const { items } = this;
    let child = items.length;
    items.push(value);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (items[parent]! <= value) break;
      items[child] = items[parent]!;
      child = parent;
    }
    items[child] = value;
  }

  pop(): number | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1]! < items[child]!) child++;
      if (items[child]! >= last) break;
      items[parent] = items[child]!;
      parent = child;
    }
    items[parent] = last;
    return top;
  }
}
