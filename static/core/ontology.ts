import type { OntologyWire } from './wire';

/** What an outline may be called. */
export interface LabelClass {
  readonly classId: string;
  readonly name: string;
  /** "#rrggbb" */
  readonly color: string;
  readonly hotkey: string | null;
  readonly description: string;
  readonly isArchived: boolean;
}

/** Of annotations without a class: red, as QuPath has it. */
export const UNCLASSIFIED_COLOR = '#ff2d2d';

export class Ontology {
  readonly revision: number;
  /** In the admin's order, archived ones too: old annotations still name them. */
  readonly classes: readonly LabelClass[];
  readonly #byId: ReadonlyMap<string, LabelClass>;

  constructor(revision: number, classes: readonly LabelClass[]) {
    this.revision = revision;
    this.classes = classes;
    this.#byId = new Map(classes.map((c) => [c.classId, c]));
  }

  static fromWire(wire: OntologyWire): Ontology {
    const ordered = [...wire.classes].sort((a, b) => a.position - b.position);
    return new Ontology(
      wire.revision,
      ordered.map((c) => ({
        classId: c.class_id,
        name: c.name,
        color: c.color,
        hotkey: c.hotkey,
        description: c.description,
        isArchived: c.is_archived,
      })),
    );
  }

  get(classId: string | null): LabelClass | null {
    return classId === null ? null : (this.#byId.get(classId) ?? null);
  }

  /** Those that may be given to an annotation today. */
  get usable(): readonly LabelClass[] {
    return this.classes.filter((c) => !c.isArchived);
  }

  colorOf(classId: string | null): string {
    return this.get(classId)?.color ?? UNCLASSIFIED_COLOR;
  }

  nameOf(classId: string | null): string {
    return classId === null ? 'No class' : (this.get(classId)?.name ?? 'Unknown class');
  }

  byHotkey(key: string): LabelClass | null {
    return this.usable.find((c) => c.hotkey?.toLowerCase() === key.toLowerCase()) ?? null;
  }
}
