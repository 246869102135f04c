/** Choices that are mirrored in the address, after `?`. */
import { type ReadonlySignal, signal } from '@preact/signals'

/** How one choice stands in the address: `read` gets null where it is absent, and gives a valid value for any text. */
export interface Parameter<Value> {
  read(text: string | null): Value
  /** Null where nothing need stand there, because it is the default. */
  write(value: Value): string | null
}

/** Parameters by their names in the address. */
// biome-ignore lint/suspicious/noExplicitAny: of any value
export type Parameters = Readonly<Record<string, Parameter<any>>>

/** What such parameters stand for. */
export type ValuesOf<Given extends Parameters> = {
  readonly [Name in keyof Given]: Given[Name] extends Parameter<infer Value> ? Value : never
}

/** Several of `known`, in its order, as `a,b`. What is unknown is left out; where nothing is left, `otherwise`. */
export function listOf<Item extends string>(
  known: readonly Item[],
  otherwise: readonly Item[],
): Parameter<readonly Item[]> {
  return {
    read: (text) => {
      const given = text?.split(',') ?? []
      const found = known.filter((item) => given.includes(item))
      return found.length > 0 ? found : otherwise
    },
    write: (items) => (items.join() === otherwise.join() ? null : items.join()),
  }
}

/** One of `known`. */
export function oneOf<Item extends string>(known: readonly Item[], otherwise: Item): Parameter<Item> {
  return {
    read: (text) => known.find((item) => item === text) ?? otherwise,
    write: (item) => (item === otherwise ? null : item),
  }
}

/** A whole number from `least` to `most`; `otherwise` for anything else. */
export function whole(least: number, most: number, otherwise: number): Parameter<number> {
  return {
    read: (text) => inRange(text ?? '', least, most) ?? otherwise,
    write: (value) => (value === otherwise ? null : String(value)),
  }
}

/** Such a number, or nothing. */
export function optionalWhole(least: number, most: number): Parameter<number | undefined> {
  return {
    read: (text) => inRange(text ?? '', least, most),
    write: (value) => (value === undefined ? null : String(value)),
  }
}

/** Several such numbers, in order, as `1,2,4`. */
export function wholeList(
  least: number,
  most: number,
  otherwise: readonly number[],
): Parameter<readonly number[]> {
  return {
    read: (text) => {
      const given = (text?.split(',') ?? []).flatMap((item) => inRange(item, least, most) ?? [])
      const found = [...new Set(given)].sort((a, b) => a - b)
      return found.length > 0 ? found : otherwise
    },
    write: (values) => (values.join() === otherwise.join() ? null : values.join()),
  }
}

function inRange(text: string, least: number, most: number): number | undefined {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most ? value : undefined
}

/** @returns what `query` states. */
export function valuesOf<Given extends Parameters>(parameters: Given, query: string): ValuesOf<Given> {
  const given = new URLSearchParams(query)
  return Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => [name, parameter.read(given.get(name))]),
  ) as ValuesOf<Given>
}

/** `query` with these values, without what is the default; what others keep there stays. '' for nothing. */
export function queryOf<Given extends Parameters>(
  parameters: Given,
  values: ValuesOf<Given>,
  query = '',
): string {
  const next = new URLSearchParams(query)
  for (const [name, parameter] of Object.entries(parameters)) {
    const text = parameter.write(values[name])
    if (text === null) next.delete(name)
    else next.set(name, text)
  }
  // Commas separate the items of a list, and are allowed in a query.
  return next.size > 0 ? `?${next.toString().replaceAll('%2C', ',')}` : ''
}

export interface QueryState<Values> {
  readonly values: ReadonlySignal<Values>
  /** Choose something else; the address follows. */
  set(changes: Partial<Values>): void
}

/** Choices of a page, first as the address states them. Names must not be those of another page. */
export function queryState<Given extends Parameters>(parameters: Given): QueryState<ValuesOf<Given>> {
  const state = signal(valuesOf(parameters, location.search))
  const tellAddress = (): void => {
    const { pathname, search, hash } = location
    const query = queryOf(parameters, state.peek(), search)
    if (query !== search) history.replaceState(history.state, '', `${pathname}${query}${hash}`)
  }
  // Going back in the history shows an address from before the last choice.
  addEventListener('popstate', tellAddress)
  return {
    values: state,
    set(changes) {
      state.value = { ...state.peek(), ...changes }
      tellAddress()
    },
  }
}
