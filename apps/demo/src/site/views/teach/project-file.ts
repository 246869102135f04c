import { MobileOneError } from '@mobileone/core'
import { strFromU8, strToU8, unzipSync, type Zippable, zipSync } from 'fflate'
import { limits, newId, type Project } from './project.ts'

/** Of `project.json` in a project file. */
interface Description {
  readonly format: 'mobileone-teach'
  readonly version: 1
  readonly classes: readonly { readonly name: string; readonly pictures: readonly string[] }[]
}

const descriptionName = 'project.json'
const most = { file: 2 * limits.pictureBytes, description: 1e6, picture: 1e6 } as const

/** A zip file of the pictures, in a folder for each class, and `project.json`, which names the classes. */
export async function writeProject({ classes, examples }: Project): Promise<Uint8Array<ArrayBuffer>> {
  const files: Zippable = {}
  const described: Description['classes'][number][] = []
  for (const [index, { id, name }] of classes.entries()) {
    const pictures: string[] = []
    for (const { classId, picture } of examples) {
      if (classId !== id) continue
      const path = `pictures/${index + 1}/${pictures.length + 1}.${picture.type === 'image/png' ? 'png' : 'jpg'}`
      files[path] = [new Uint8Array(await picture.arrayBuffer()), { level: 0 }]
      pictures.push(path)
    }
    described.push({ name, pictures })
  }
  const description: Description = { format: 'mobileone-teach', version: 1, classes: described }
  files[descriptionName] = strToU8(JSON.stringify(description, null, 2))
  return zipSync(files, { mtime: new Date(1980, 0, 1, 12) })
}

/**
 * The project in a file that {@link writeProject} made, or that says it is one.
 * @param readPicture Checks the bytes of one picture.
 * @throws MobileOneError `invalid-file` for anything else, or more than this page holds.
 */
export async function readProject(
  bytes: Uint8Array<ArrayBuffer>,
  readPicture: (bytes: Uint8Array<ArrayBuffer>) => Promise<Blob>,
): Promise<Project> {
  if (bytes.length > most.file) fail(`it is larger than ${most.file} bytes`)
  const files = unzipped(bytes)
  const description = asDescription(files[descriptionName])
  const classes: Project['classes'][number][] = []
  const examples: Project['examples'][number][] = []
  let held = 0
  for (const { name, pictures } of description.classes) {
    const classId = newId()
    classes.push({ id: classId, name })
    for (const path of pictures) {
      const content = Object.hasOwn(files, path) ? files[path] : undefined
      if (!content) return fail(`the picture ${JSON.stringify(path.slice(0, 80))} is not in it`)
      const picture = await readPicture(content as Uint8Array<ArrayBuffer>)
      held += picture.size
      if (held > limits.pictureBytes) fail(`its pictures are over ${limits.pictureBytes} bytes`)
      examples.push({ id: newId(), classId, picture })
    }
  }
  return { classes, examples }
}

function unzipped(bytes: Uint8Array): Record<string, Uint8Array> {
  let entries = 0
  let total = 0
  try {
    return unzipSync(bytes, {
      filter({ name, size, originalSize }) {
        if (++entries > limits.examples + limits.classes + 100) fail('it holds too many files')
        if (name !== descriptionName && !name.startsWith('pictures/')) return false
        const allowed = name === descriptionName ? most.description : most.picture
        total += Math.max(size, originalSize)
        if (Math.max(size, originalSize) > allowed || total > most.file) fail('it holds too large a file')
        return true
      },
    })
  } catch (cause) {
    if (cause instanceof MobileOneError) throw cause
    return fail('it is no whole zip file')
  }
}

function asDescription(bytes: Uint8Array | undefined): Description {
  if (!bytes) return fail(`it holds no ${descriptionName}`)
  let value: unknown
  try {
    value = JSON.parse(strFromU8(bytes))
  } catch {
    return fail(`its ${descriptionName} is no JSON`)
  }
  const { format, version, classes } = (value ?? {}) as Partial<Record<keyof Description, unknown>>
  if (format !== 'mobileone-teach') return fail(`its ${descriptionName} is of something else`)
  if (version !== 1) return fail('it is of a newer version of this page')
  if (!Array.isArray(classes) || classes.length > limits.classes || !classes.every(isClass)) {
    return fail(`it does not tell at most ${limits.classes} classes with their pictures`)
  }
  if (new Set(classes.map(({ name }) => name)).size !== classes.length) fail('two classes have one name')
  const pictures = classes.flatMap((each) => each.pictures)
  if (pictures.length > limits.examples) fail(`it has more than ${limits.examples} examples`)
  if (new Set(pictures).size !== pictures.length) fail('it uses a picture twice')
  return { format, version, classes }
}

function isClass(value: unknown): value is Description['classes'][number] {
  if (typeof value !== 'object' || value === null) return false
  const { name, pictures } = value as Record<string, unknown>
  return (
    typeof name === 'string' &&
    name.trim() !== '' &&
    name.length <= limits.nameLength &&
    Array.isArray(pictures) &&
    pictures.every((path) => typeof path === 'string')
  )
}

function fail(problem: string): never {
  throw new MobileOneError(
    'invalid-file',
    `this is no project of this page: ${problem}; open a file that "Save project" made`,
  )
}
