#!/usr/bin/env node
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isMobileOneError, MobileOneError } from '@mobileone/core'
import { type Answers, ask } from './ask.ts'
import { createApp } from './create-app.ts'
import { nextCommands } from './next-commands.ts'
import { isTemplate, type Template, templates } from './templates.ts'

const usage = `npm create mobileone <folder> [-- --template <template>] [--model <file>]

Writes an app into a new or empty folder: a page that says what the camera, or a picture, shows. On a terminal it asks for what is not
given. Nothing is downloaded.

  --template <template>  ${Object.keys(templates).join(', ')}; default vanilla
  --model <file>         a file of weights that the app brings with it (safetensors, PyTorch), or s0 to s4; by default the page
                         downloads S0, once
  --help                 print this`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      template: { type: 'string', short: 't' },
      model: { type: 'string', short: 'm' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(usage)
    return
  }
  if (positionals.length > 1) {
    throw misused(
      `one folder, not ${positionals.length}: npm takes flags for itself unless -- stands before them`,
    )
  }
  const answers = await complete(positionals[0], chosenTemplate(values.template))
  if (!answers) {
    process.exitCode = 1
    return
  }
  const folder = resolve(answers.folder)
  await createApp({
    ...answers,
    folder,
    model: values.model,
    templates: fileURLToPath(new URL('./templates', import.meta.url)),
  })
  const commands = nextCommands(folder).map((command) => `  ${command}\n`)
  console.log(`${folder} is made. Next:\n\n${commands.join('')}`)
}

function chosenTemplate(name: string | undefined): Template | undefined {
  if (name === undefined || isTemplate(name)) return name
  throw misused(`--template is one of ${Object.keys(templates).join(', ')}, not ${JSON.stringify(name)}`)
}

/** What was given, completed by questions on a terminal and by defaults elsewhere. */
async function complete(
  folder: string | undefined,
  template: Template | undefined,
): Promise<Required<Answers> | undefined> {
  if (process.stdin.isTTY && process.stdout.isTTY) return ask({ folder, template })
  if (folder === undefined) throw misused('the name of a folder is missing')
  return { folder, template: template ?? 'vanilla' }
}

function misused(problem: string): MobileOneError {
  return new MobileOneError('invalid-argument', `${problem}; see --help`)
}

main().catch((error) => {
  const isExpected = isMobileOneError(error) || /^(ERR_PARSE_ARGS|E[A-Z]+$)/.test(error.code)
  console.error(isExpected ? `create-mobileone: ${error.message}` : error)
  process.exitCode = 1
})
