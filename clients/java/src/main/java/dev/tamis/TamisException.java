package dev.tamis;

/** What the server refused (with its problem document), or that it cannot be reached: {@code status} is 0 then. */
public final class TamisException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int status;
  private final transient Answer problem;

  TamisException(int status, Answer problem) {
    super(status + " " + problem.text("code") + ": " + problem.text("detail") + " (request " + problem.text("request_id") + ")");
    this.status = status;
    this.problem = problem;
  }

  TamisException(String message, Throwable cause) {
    super(message, cause);
    this.status = 0;
    this.problem = Answer.of(null);
  }

  public int status() {
    return status;
  }

  /** code, detail, field, faults, request_id (docs/http_api.md). */
  public Answer problem() {
    return problem;
  }
}
