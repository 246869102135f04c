import { limits } from '../limits.ts'
import type { PyValue } from './values.ts'

/** The stack, the marks and the memo of the pickle machine, each of bounded size. */
export class PickleStack {
  readonly #fail: (what: string) => never
  readonly #stack: PyValue[] = []
  readonly #marks: number[] = []
  readonly #memo: PyValue[] = []
  readonly #sparseMemo = new Map<number, PyValue>()

  /** @param fail Refuses the file. */
  constructor(fail: (what: string) => never) {
    this.#fail = fail
  }

  push(value: PyValue): void {
    if (this.#stack.length >= limits.stack) this.#fail(`more than ${limits.stack} values on the stack`)
    this.#stack.push(value)
  }

  pop(): PyValue {
    if (this.#stack.length <= this.#floor()) this.#fail('nothing is left on the stack')
    return this.#stack.pop()!
  }

  top(): PyValue {
    if (this.#stack.length <= this.#floor()) this.#fail('nothing is left on the stack')
    return this.#stack[this.#stack.length - 1]!
  }

  mark(): void {
    if (this.#marks.length >= limits.stack) this.#fail(`more than ${limits.stack} marks`)
    this.#marks.push(this.#stack.length)
  }

  /** Everything above the last mark, which goes too. */
  popMark(): PyValue[] {
    const mark = this.#marks.pop()
    if (mark === undefined) return this.#fail('a mark is missing')
    return this.#stack.splice(mark)
  }

  /** Drop the top value, or the last mark where nothing lies above it. */
  drop(): void {
    if (this.#stack.length > this.#floor()) this.#stack.pop()
    else if (this.#marks.pop() === undefined) this.#fail('nothing is left on the stack')
  }

  /** Put the top value into the memo; without an index, into the next place. */
  remember(index: number = this.#memo.length): void {
    const value = this.top()
    if (this.#memo.length + this.#sparseMemo.size >= limits.memo)
      this.#fail(`more than ${limits.memo} memo entries`)
    if (index < this.#memo.length) this.#memo[index] = value
    else if (index === this.#memo.length) this.#memo.push(value)
    else this.#sparseMemo.set(index, value)
  }

  /** Push a value of the memo. */
  recall(index: number): void {
    const value = this.#memo[index] ?? (index < this.#memo.length ? null : this.#sparseMemo.get(index))
    if (value === undefined) this.#fail(`memo ${index} was never stored`)
    else this.push(value)
  }

  #floor(): number {
    return this.#marks.length > 0 ? this.#marks[this.#marks.length - 1]! : 0
  }
}
