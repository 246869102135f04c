import { limits, type Project, pictureBytes } from './project.ts'

/** What a step did, in words for the button that takes it back, and what was before. */
interface Step {
  readonly before: Project
  readonly what: string
  /** Steps of one group, such as a recording, are taken back together. */
  readonly group: unknown
  /** Bytes of pictures that only taking it back needs. */
  readonly removedBytes: number
}

/** A project, and how it was. */
export interface History {
  readonly project: Project
  readonly steps: readonly Step[]
}

const most = 50

export const historyOf = (project: Project): History => ({ project, steps: [] })

/** `history` after a change; the oldest steps are forgotten where their pictures would not fit the budget. */
export function changed(history: History, project: Project, what: string, group?: unknown): History {
  const { project: before, steps } = history
  if (project === before) return history
  const removedBytes = pictureBytes(before, new Set(project.examples.map(({ id }) => id)))
  const last = steps.at(-1)
  const joined =
    last && group !== undefined && last.group === group
      ? [...steps.slice(0, -1), { ...last, what, removedBytes: last.removedBytes + removedBytes }]
      : [...steps, { before, what, group, removedBytes }]
  return withinBudget({ project, steps: joined.slice(-most) })
}

/** The project before the last step; the same where there is none. */
export function undone(history: History): History {
  const last = history.steps.at(-1)
  return last ? { project: last.before, steps: history.steps.slice(0, -1) } : history
}

/** Bytes of pictures held, those that can be brought back included. */
export function heldBytes({ project, steps }: History): number {
  return steps.reduce((sum, { removedBytes }) => sum + removedBytes, pictureBytes(project))
}

function withinBudget(history: History): History {
  let { project, steps } = history
  while (steps.length > 0 && heldBytes({ project, steps }) > limits.pictureBytes) steps = steps.slice(1)
  return { project, steps }
}
