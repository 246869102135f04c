/** What the visitor teaches, as a value: classes, and pictures that show them. */
export interface Project {
  /** In the order of the page, those without examples included. */
  readonly classes: readonly TaughtClass[]
  /** In the order in which they came. */
  readonly examples: readonly TaughtExample[]
}

export interface TaughtClass {
  /** Stays when the class is renamed. */
  readonly id: string
  readonly name: string
}

export interface TaughtExample {
  readonly id: string
  readonly classId: string
  /** As it is kept: PNG or JPEG, small. */
  readonly picture: Blob
}

export const limits = { classes: 30, examples: 2000, nameLength: 60, pictureBytes: 64e6 } as const

export const newId = (): string => crypto.randomUUID()

export function emptyProject(): Project {
  return { classes: [1, 2].map((number) => ({ id: newId(), name: `Class ${number}` })), examples: [] }
}

/** True before anything was taught or named. */
export function isUntouched({ classes, examples }: Project): boolean {
  return examples.length === 0 && classes.every(({ name }) => /^Class \d+$/.test(name))
}

export function examplesOf(project: Project, classId: string): readonly TaughtExample[] {
  return project.examples.filter((example) => example.classId === classId)
}

export function addClass(project: Project): Project {
  const taken = new Set(project.classes.map(({ name }) => name))
  let number = project.classes.length + 1
  while (taken.has(`Class ${number}`)) number++
  return { ...project, classes: [...project.classes, { id: newId(), name: `Class ${number}` }] }
}

/** The name as it would be kept, or what is wrong with it. */
export function checkName(
  project: Project,
  classId: string,
  wanted: string,
): { readonly name: string } | { readonly problem: string } {
  const name = wanted.replace(/\s+/gu, ' ').trim()
  if (name === '') return { problem: 'A class needs a name.' }
  if (name.length > limits.nameLength) return { problem: `At most ${limits.nameLength} letters.` }
  if (project.classes.some((other) => other.id !== classId && other.name === name)) {
    return { problem: `There is a class "${name}" already.` }
  }
  return { name }
}

export function renameClass(project: Project, classId: string, name: string): Project {
  return {
    ...project,
    classes: project.classes.map((each) => (each.id === classId ? { ...each, name } : each)),
  }
}

export function removeClass({ classes, examples }: Project, classId: string): Project {
  return {
    classes: classes.filter(({ id }) => id !== classId),
    examples: examples.filter((example) => example.classId !== classId),
  }
}

export function addExamples(project: Project, classId: string, pictures: readonly Blob[]): Project {
  const made = pictures.map((picture) => ({ id: newId(), classId, picture }))
  return { ...project, examples: [...project.examples, ...made] }
}

export function removeExample(project: Project, id: string): Project {
  return { ...project, examples: project.examples.filter((example) => example.id !== id) }
}

/** Bytes of the pictures of a project, but for the examples `without`. */
export function pictureBytes({ examples }: Project, without?: ReadonlySet<string>): number {
  let sum = 0
  for (const { id, picture } of examples) if (!without?.has(id)) sum += picture.size
  return sum
}
