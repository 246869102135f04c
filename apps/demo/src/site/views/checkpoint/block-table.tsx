/** @jsxImportSource preact */

import { count } from '@mobileone/site-kit/format'
import { ScrollRegion } from '@mobileone/site-kit/scroll-region'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { StudiedBlock } from './checkpoint-facts.ts'
import type { FoldedBlock } from './fold-blocks.ts'

interface Props {
  readonly blocks: readonly FoldedBlock[]
  readonly studied: readonly StudiedBlock[]
}

/** Every block with both its forms and the difference that was measured between them. */
export function BlockTable({ blocks, studied }: Props): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>All blocks, with the difference measured in each</summary>
      {isOpen && (
        <ScrollRegion label="Blocks" class="tall">
          <table>
            <thead>
              <tr>
                <th scope="col">block</th>
                {[
                  'output',
                  'branches',
                  'parameters',
                  'folded',
                  'multiply-adds',
                  'folded',
                  'difference',
                  'relative',
                ].map((name, index) => (
                  <th key={index} scope="col" class="numeric">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {blocks.map(({ name, output, branches, trained, folded }, index) => {
                const error = studied[index]?.error
                return (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td class="numeric">{output.slice(1).join(' x ')}</td>
                    <td class="numeric">{branches}</td>
                    <td class="numeric">{count(trained.params)}</td>
                    <td class="numeric">{count(folded.params)}</td>
                    <td class="numeric">{count(trained.macs)}</td>
                    <td class="numeric">{count(folded.macs)}</td>
                    <td class="numeric">{error?.maxAbsError.toExponential(1) ?? '…'}</td>
                    <td class="numeric">
                      {error ? (error.maxAbsError / (error.maxAbsValue || 1)).toExponential(1) : '…'}
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </details>
  )
}
