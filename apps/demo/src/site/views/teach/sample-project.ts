import { newId, type Project } from './project.ts'

/** Samples of the page, and what they are to be taught as. */
const samples = {
  Shoes: ['0-ankle-boot', '8-sandal', '9-sneaker'],
  Clothes: ['1-pullover', '2-trouser', '4-shirt', '6-coat', '13-dress', '19-t-shirt-top'],
} as const

/** Two classes of the sample pictures, for those without a camera or pictures at hand. @throws TypeError without a connection. */
export async function sampleProject(): Promise<Project> {
  const classes = Object.keys(samples).map((name) => ({ id: newId(), name }))
  const examples = await Promise.all(
    Object.values(samples).flatMap((names, index) =>
      names.map(async (name) => {
        const response = await fetch(new URL(`./samples/${name}.png`, document.baseURI))
        if (!response.ok) throw new TypeError(`${name}: ${response.status}`)
        return { id: newId(), classId: classes[index]!.id, picture: await response.blob() }
      }),
    ),
  )
  return { classes, examples }
}
