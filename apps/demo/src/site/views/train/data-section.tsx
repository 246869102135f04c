/** @jsxImportSource preact */

import { count } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import { takeFiles } from '@mobileone/site-kit/take-files'
import { usePageDrop } from '@mobileone/site-kit/use-page-drop'
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import heldImages from '../../../../assets/fashion-mnist-sample/t10k-images.idx?url'
import heldLabels from '../../../../assets/fashion-mnist-sample/t10k-labels.idx?url'
import trainImages from '../../../../assets/fashion-mnist-sample/train-images.idx?url'
import trainLabels from '../../../../assets/fashion-mnist-sample/train-labels.idx?url'
import { filesOfDialog, filesOfDrop } from './entries-of-drop.ts'
import type { PlacedFile } from './folder-files.ts'
import { Picture } from './picture.tsx'
import { type PreparedData, samplesOf } from './prepared-data.ts'
import { loadData, phase, pictures } from './training-session.ts'

const absolute = (address: string): string => new URL(address, document.baseURI).href
const addresses = {
  trainImages: absolute(trainImages),
  trainLabels: absolute(trainLabels),
  heldImages: absolute(heldImages),
  heldLabels: absolute(heldLabels),
}
const sizes = [28, 32, 48, 64] as const

/** Where the pictures come from: the sample of the page, a folder by class, or IDX files. */
export function DataSection(): JSX.Element {
  const folder = useRef<HTMLInputElement>(null)
  const idx = useRef<HTMLInputElement>(null)
  const [size, setSize] = useState<number>(32)
  const state = pictures.value
  const isLocked = phase.value === 'running' || phase.value === 'paused'

  const take = (files: readonly PlacedFile[]): void => {
    if (files.length === 0) return
    const isIdx = files.every(({ file }) => /idx\d|ubyte/i.test(file.name))
    void loadData(
      isIdx ? { kind: 'idx', files: files.map(({ file }) => file) } : { kind: 'folder', files, size },
    )
  }
  const dropped = useRef(take)
  dropped.current = (files) => !isLocked && take(files)
  const isOver = usePageDrop((transfer) => {
    void filesOfDrop(transfer).then((files) => dropped.current(files))
  })

  return (
    <section class={`panel data ${isOver && !isLocked ? 'over' : ''}`} aria-labelledby="data-title">
      <h2 id="data-title">1. Pictures</h2>
      <div class="row">
        <button type="button" disabled={isLocked} onClick={() => loadData({ kind: 'sample', addresses })}>
          Sample: Fashion-MNIST, 1.1 MB
        </button>
        <button type="button" class="quiet" disabled={isLocked} onClick={() => folder.current?.click()}>
          Your own folder
        </button>
        <button type="button" class="quiet" disabled={isLocked} onClick={() => idx.current?.click()}>
          IDX files
        </button>
      </div>
      <label class="field">
        Size of your own pictures
        <select
          disabled={isLocked}
          value={size}
          onChange={({ currentTarget }) => setSize(Number(currentTarget.value))}
        >
          {sizes.map((each) => (
            <option key={each} value={each}>
              {each} x {each}
            </option>
          ))}
        </select>
      </label>
      <p class="muted">
        A folder holds one folder of pictures for each class, such as <code>pets/cat</code> and{' '}
        <code>pets/dog</code>; drop it anywhere here. IDX is the format of MNIST. Nothing is sent anywhere.
      </p>
      <FileInput refTo={folder} label="A folder of pictures by class" directory onFiles={take} />
      <FileInput refTo={idx} label="IDX files of images and labels" onFiles={take} />
      <div class="loaded" aria-live="polite">
        {state.status === 'none' && <p class="empty">No pictures yet: take the sample, or your own.</p>}
        {state.status === 'loading' && (
          <p class="empty">
            {state.total > 0 ? `Reading picture ${count(state.done)} of ${count(state.total)}…` : 'Reading…'}
          </p>
        )}
        {state.status === 'failed' && (
          <Notice kind="error" title="These pictures cannot be used">
            {state.message}
          </Notice>
        )}
        {state.status === 'ready' && <Loaded data={state.data} />}
      </div>
    </section>
  )
}

function Loaded({ data }: { readonly data: PreparedData }): JSX.Element {
  const { labels, train, held, size, channels, skipped } = data
  return (
    <>
      <p>
        <strong>{data.name}</strong>: {count(train.count)} pictures to learn from and {count(held.count)} held
        out, of {labels.length} classes, {size} x {size}, {channels === 1 ? 'grey' : 'in colour'}.
      </p>
      <div class="strip">
        {samplesOf(data).map((index) => (
          <Picture
            key={index}
            pictures={held}
            size={size}
            channels={channels}
            index={index}
            label={labels[held.classes[index] as number] as string}
          />
        ))}
      </div>
      {skipped.length > 0 && (
        <details class="notice">
          <summary>
            {skipped.length === 1 ? '1 picture was' : `${skipped.length} pictures were`} left out
          </summary>
          <ul>
            {skipped.slice(0, 20).map(({ name, reason }) => (
              <li key={name}>
                <code>{name}</code>: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}

interface FileInputProps {
  readonly refTo: { current: HTMLInputElement | null }
  readonly label: string
  readonly directory?: boolean
  readonly onFiles: (files: readonly PlacedFile[]) => void
}

function FileInput({ refTo, label, directory = false, onFiles }: FileInputProps): JSX.Element {
  return (
    <input
      ref={refTo}
      type="file"
      class="hidden"
      aria-label={label}
      tabIndex={-1}
      multiple
      {...(directory && { webkitdirectory: true })}
      onChange={({ currentTarget }) => {
        onFiles(filesOfDialog(takeFiles(currentTarget)))
      }}
    />
  )
}
