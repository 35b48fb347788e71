// A failure that the server reported: an RFC 9457 problem document.

/** One fault of a document, by JSON pointer. */
export interface Fault {
  pointer: string;
  detail: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  instance: string;
  field?: string;
  request_id: string;
  faults?: Fault[];
}

export class TamisError extends Error {
  override readonly name = "TamisError";
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** "invalid_argument", "not_found", ...; "network" where no answer came. */
  readonly code: string;
  /** The member or parameter at fault, where one is. */
  readonly field: string | undefined;
  readonly requestId: string | undefined;
  /** Every fault of a funnel that was refused. */
  readonly faults: Fault[];
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>, options?: ErrorOptions) {
    super(problem.detail ?? problem.title ?? `the server answered ${status}`, options);
    this.status = status;
    this.code = problem.code ?? "error";
    this.field = problem.field;
    this.requestId = problem.request_id;
    this.faults = problem.faults ?? [];
    this.problem = problem;
  }
}
