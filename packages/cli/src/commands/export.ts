import { basename } from 'node:path'
import { type Exporter, pause, refuseNonFinite, throwIfAborted } from '@mobileone/core'
import {
  checkEnding,
  checkOptions,
  type ExporterTable,
  exporterFor,
  exporters,
  runExporter,
} from '@mobileone/sdk/export'
import { asUsage, type Command, defineCommand, type Flags, UsageError } from '../command.ts'
import { exportFlags, exportOptions, flagName } from '../export-flags.ts'
import { writeExported } from '../files.ts'
import { jsonFlag, offlineFlag, outputFlag, sha256Flag, shapeFlags } from '../flags.ts'
import { foldFor, interrupted, loadFor, withProgress } from '../session.ts'
import { formatBytes, printJson, printLine, printNote, table } from '../terminal.ts'

const ownFlags = {
  format: {
    type: 'string',
    short: 'f',
    value: '<name>',
    help: 'What to write; default: the format that the ending of the output belongs to',
  },
  output: { ...outputFlag, help: 'The file or folder to write; its ending must fit the format' },
  form: {
    type: 'string',
    value: '<form>',
    help: 'deploy folds the branches first; train keeps the file as it is',
    choices: ['deploy', 'train'],
    default: 'deploy',
  },
  ...shapeFlags,
  sha256: sha256Flag,
  offline: offlineFlag,
  json: jsonFlag,
} as const satisfies Flags

/** The command `export` with the formats of `formats`, whose exporters bring their endings and flags with them. */
export function exportCommand(formats: ExporterTable): Command<typeof ownFlags> {
  const load = (): Promise<Exporter[]> => Promise.all(Object.values(formats).map((each) => each()))
  return defineCommand({
    name: 'export',
    summary: 'Write a model in another format.',
    details:
      'Where a format holds preprocessing and labels and the weights have none, it gets the statistics of ImageNet and, for 1000\n' +
      'classes, its labels.',
    positionals: '<weights>',
    minPositionals: 1,
    maxPositionals: 1,
    flags: { ...ownFlags, format: { ...ownFlags.format, choices: Object.keys(formats) } },
    examples: [
      'mobileone export mobileone_s0_unfused.pth.tar -o s0.safetensors',
      'mobileone export timm/mobileone_s0.apple_in1k --form train --naming apple -o s0-apple.safetensors',
      'mobileone export timm/mobileone_s0.apple_in1k -o s0.onnx --softmax',
      'mobileone export timm/mobileone_s0.apple_in1k -o MobileOne.mlpackage --precision float16 --swift',
    ],
    async more() {
      const loaded = await load()
      const rows = loaded.map(({ format, endings, description }) => [format, endings.join(' '), description])
      return { flags: exportFlags(loaded), details: table(['format', 'ending', 'what it is'], rows) }
    },
    async run([input = ''], flags, given) {
      if (flags.output === undefined) throw new UsageError('say where to write with -o <path>')
      const output = flags.output.replace(/[/\\]+$/, '')
      const exporter = chooseExporter(await load(), output, flags.format)
      const options = checkedOptions(exporter, given)

      const loaded = await loadFor({ weights: input, ...flags })
      refuseNonFinite(loaded, `${input} cannot be exported`)
      const isTrain = loaded.nodes.some((node) => node.op === 'batchNorm')
      if (flags.form === 'train' && !isTrain) {
        throw new UsageError(`${input} is folded already and its branches are lost; use --form deploy`)
      }
      const model = flags.form === 'deploy' ? await foldFor(loaded) : loaded
      const { bytes, beside } = await withProgress(async (onProgress) => {
        const report = async (phase: string, done: number): Promise<void> => {
          // An exporter may be busy for seconds: a signal that came meanwhile is heard here, before anything is written.
          await pause()
          throwIfAborted(interrupted, 'the export')
          onProgress({ phase, done, total: 2 })
        }
        await report(`encode as ${exporter.format}`, 0)
        const files = await asUsage(() => runExporter(exporter, model, options, basename(output)))
        await report('write', 1)
        return writeExported(output, files, interrupted)
      })
      const { format } = exporter
      const notes = exporter.notes?.(model) ?? []
      if (flags.json) {
        const noted = notes.length > 0 && { notes }
        printJson({ input, output, format, form: flags.form, bytes, ...beside, ...noted })
      } else {
        printLine(`${output} (${format}, ${flags.form} form, ${formatBytes(bytes)})`)
        for (const path of Object.values(beside)) printLine(path)
        for (const note of notes) printNote(`mobileone: ${note}`)
      }
    },
  })
}

export const exportModel: Command<typeof ownFlags> = exportCommand(exporters)

/** The exporter of `--format`, which the ending must fit, or else the one that the ending belongs to. */
function chooseExporter(
  candidates: readonly Exporter[],
  output: string,
  format: string | undefined,
): Exporter {
  const fileName = basename(output)
  const asked = candidates.find((exporter) => exporter.format === format)
  return asUsage(() => {
    if (asked) checkEnding(asked, fileName)
    return asked ?? exporterFor(candidates, fileName)
  })
}

function checkedOptions(
  exporter: Exporter,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const options = exportOptions(exporter, given)
  const spell = (name: string): string | undefined => {
    const option = exporter.options[name]
    const flag = option ? flagName(name, option) : name
    return flag === undefined ? undefined : `--${flag}`
  }
  asUsage(() => checkOptions(exporter, options, spell))
  return options
}
