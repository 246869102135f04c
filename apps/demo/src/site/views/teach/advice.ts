import type { HeadReport } from '@mobileone/sdk'

/** How many examples a class of this name has. */
export interface ClassCount {
  readonly name: string
  readonly examples: number
}

const few = 8
/** The largest class has so many times the examples of the smallest. */
const uneven = 3

/** What to do next for a better head, in a sentence or two. */
export function adviceFor(classes: readonly ClassCount[], accuracy: number | undefined): string {
  const withSome = classes.filter(({ examples }) => examples > 0)
  const empty = classes.find(({ examples }) => examples === 0)
  if (withSome.length < 2) {
    return empty
      ? `Give ${quoted(empty.name)} some examples: learning begins when two classes have one.`
      : 'Add a second class with examples: there is nothing to tell apart yet.'
  }
  const sorted = [...withSome].sort((a, b) => a.examples - b.examples)
  const [least, largest] = [sorted[0]!, sorted.at(-1)!]
  if (empty) return `${quoted(empty.name)} has no examples yet, so it is never the answer.`
  if (least.examples < few) {
    return `${quoted(least.name)} has ${counted(least.examples, 'example')}; with ${few} or more of each class, from different sides and in different light, it gets better.`
  }
  if (largest.examples >= uneven * least.examples) {
    return `${quoted(largest.name)} has ${largest.examples} examples and ${quoted(least.name)} ${least.examples}; add to the smaller one, so that it is known as well.`
  }
  if (accuracy !== undefined && accuracy < 0.9) {
    return 'Add examples of the classes that are mixed up, or a class for "nothing of these", and change the background between recordings.'
  }
  return 'Try it on something it has not seen. Frames of one recording look alike, so the accuracy above flatters: record again elsewhere.'
}

/** What is taken for what most often, in one sentence. `names` are in the order of the report. */
export function confusionSentence(
  confusion: readonly (readonly number[])[],
  names: readonly string[],
): string {
  let worst: { readonly from: number; readonly to: number; readonly times: number } | undefined
  for (const [from, row] of confusion.entries()) {
    for (const [to, times] of row.entries()) {
      if (from !== to && times > (worst?.times ?? 0)) worst = { from, to, times }
    }
  }
  if (!worst) return 'No example is taken for another class.'
  const all = confusion[worst.from]!.reduce((sum, value) => sum + value, 0)
  return `${quoted(names[worst.from]!)} is taken for ${quoted(names[worst.to]!)} most often: ${worst.times} of ${counted(all, 'example')}.`
}

/** The accuracy of cross-validation in words; what is missing where there is none. */
export function accuracySentence(report: HeadReport | undefined): string {
  const validated = report?.crossValidation
  if (!validated) return 'With two examples in each class, the accuracy is estimated here.'
  const { pictures, folds } = validated
  return `${counted(pictures, 'example')} judged by heads that had not seen ${pictures === 1 ? 'it' : 'them'} (cross-validation in ${folds} parts).`
}

export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : thing.endsWith('s') ? 'es' : 's'}`
}

const quoted = (name: string): string => `"${name}"`
