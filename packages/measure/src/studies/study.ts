/**
 * A question of the paper, put to the machine at hand. A study names the networks that answer it and reads tables, sentences and plots off
 * their times; it is not responsible for measuring them (`measureNetworks`), nor for drawing what it read.
 */
import type { Graph, Model } from '@mobileone/core'
import type { Report } from '../result.ts'
import type { Plot } from './plot.ts'

/** The studies there are. */
export type StudyName = 'activations' | 'blocks' | 'branches' | 'zoo' | 'predictors' | 'resolution'

/** A network that a study asks about. Reports call it by `id`, so studies share what was measured of it. */
export interface StudyNetwork {
  readonly id: string
  /** As people write it. */
  readonly title: string
  /** Its layers and shapes; no weights. */
  graph(): Graph
  /** With seeded random weights, which take as long as real ones. */
  make(): Model
}

/** A question, what the paper says to it, and how it is answered here. */
export interface Study {
  readonly name: StudyName
  readonly title: string
  readonly question: string
  /** What the paper says, in one or two sentences. */
  readonly paper: string
  /** What is measured here, in one or two sentences. */
  readonly method: string
  /** Every network of the study. `quick`: those that make the point. */
  networks(choice?: StudyChoice): readonly StudyNetwork[]
  /** What `report` says to the question; a report that lacks networks of the study gives what it can, and names them. */
  read(report: Report): StudyReading
}

/** How much of a study. */
export interface StudyChoice {
  readonly quick?: boolean
}

/** What came of a study. */
export interface StudyReading {
  readonly tables: readonly StudyTable[]
  /** Sentences for people, the answer first. */
  readonly findings: readonly string[]
  readonly plots: readonly Plot[]
  /** What was not measured, or not wholly, with the reason. */
  readonly gaps: readonly string[]
}

/** A table with a row for each network, or for whatever the study compares. */
export interface StudyTable {
  readonly title: string
  readonly columns: readonly StudyColumn[]
  readonly rows: readonly StudyRow[]
}

/** A column of a study's table. */
export interface StudyColumn {
  readonly title: string
  /** What the figures are and where they come from. */
  readonly about: string
  /** Whose figures: ours and the like are `measured`, the paper's `printed`, what follows from the layers `counted`. */
  readonly kind: 'name' | 'measured' | 'printed' | 'counted'
}

/** A row: a cell for each column, empty where there is nothing to say. `id` is the network's, where the row is of one. */
export interface StudyRow {
  readonly id: string
  readonly cells: readonly string[]
  /** Ours: what the paper is about. */
  readonly highlight?: boolean
}
