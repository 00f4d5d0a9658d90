// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import java.io.IOException;

/** The caller's own body could not be sent: the fault is not the program's. */
final class SourceFailure extends IOException {
  private static final long serialVersionUID = 1;

  private final RuntimeException reason;

  SourceFailure(RuntimeException reason) {
    super(reason.getMessage(), reason);
    this.reason = reason;
  }

  /** What the caller is told. */
  RuntimeException reason() {
    return reason;
  }
}
