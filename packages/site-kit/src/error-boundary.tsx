/** @jsxImportSource preact */
import { Component, type ComponentChildren, type JSX } from 'preact'
import { Notice } from './notice.tsx'

interface Props {
  readonly children: ComponentChildren
}

/** Shows what a view threw while rendering, in place of an empty page. */
export class ErrorBoundary extends Component<Props, { readonly error?: Error }> {
  static override getDerivedStateFromError(error: Error): { error: Error } {
    return { error }
  }

  override render({ children }: Props): JSX.Element {
    const { error } = this.state
    if (!error) return <>{children}</>
    return (
      <Notice kind="error" title="This view has failed">
        {error.message}{' '}
        <button type="button" class="plain" onClick={() => this.setState({ error: undefined as never })}>
          Try again
        </button>
      </Notice>
    )
  }
}
