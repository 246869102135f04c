import { basename, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { cancel, isCancel, select, text } from '@clack/prompts'
import { folderProblem, nameProblem } from './create-app.ts'
import { type Template, templates } from './templates.ts'

/** What must be known before an app is made. */
export interface Answers {
  readonly folder?: string
  readonly template?: Template
}

interface Streams {
  readonly input?: Readable
  readonly output?: Writable
}

/** Ask for what is missing; undefined where the question was cancelled. */
export async function ask(
  given: { readonly [Name in keyof Answers]: Answers[Name] | undefined },
  streams: Streams = {},
): Promise<Required<Answers> | undefined> {
  const folder = given.folder ?? (await askFolder(streams))
  if (folder === undefined) return undefined
  const template = given.template ?? (await askTemplate(streams))
  return template && { folder, template }
}

async function askFolder(streams: Streams): Promise<string | undefined> {
  let problem: string | undefined
  for (;;) {
    const answer = await text({
      message: problem ?? 'What is the app called?',
      placeholder: 'my-app',
      defaultValue: 'my-app',
      validate: (name) => (name ? nameProblem(basename(resolve(name))) : undefined),
      ...streams,
    })
    if (isCancel(answer)) return cancelled(streams)
    problem = await folderProblem(resolve(answer))
    if (!problem) return answer
  }
}

async function askTemplate(streams: Streams): Promise<Template | undefined> {
  const answer = await select<Template>({
    message: 'What is it written with?',
    options: Object.entries(templates).map(([value, label]) => ({ value: value as Template, label })),
    ...streams,
  })
  return isCancel(answer) ? cancelled(streams) : answer
}

function cancelled(streams: Streams): undefined {
  cancel('Nothing was written.', streams)
}
