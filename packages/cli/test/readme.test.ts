import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openProject, type Project } from './program.ts'

let project: Project
beforeAll(async () => {
  project = await openProject()
})
afterAll(() => project?.remove())

/** The commands in the shell examples of the READMEs. */
const commands = ['../README.md', '../../../README.md', '../../tflite/README.md'].flatMap((file) => {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8')
  return [...text.matchAll(/^(?:npx @mobileone\/cli|mobileone) (\w+)(.*)$/gm)].map((match) => [
    match[1] ?? '',
    (match[2] ?? '').replace(/#.*/, '').trim(),
  ])
})

it.each(commands)('the README calls mobileone %s %s with flags it has', async (command, rest) => {
  const { stdout, code } = await project.run([command ?? '', '--help'])
  expect(code).toBe(0)
  for (const flag of (rest ?? '').match(/(?<=^| )-{1,2}[a-z0-9-]+/g) ?? []) {
    expect(stdout).toMatch(
      flag.startsWith('--') ? new RegExp(` ${flag}( |$)`, 'm') : new RegExp(`^ +${flag},`, 'm'),
    )
  }
})
