// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.jdbc;

import dev.pillion.concurrent.Deadline;
import java.time.Duration;

/** The two statements {@link ExpiredRowCleanup} runs, in the SQL of one component. */
public interface ExpiredRows {
  /**
   * Sets the time of the last cleanup to now, in one atomic statement, unless it is {@code age} old
   * or younger.
   *
   * @return whether it was set: this process is the one that cleans up this time
   */
  boolean claim(Duration age, Deadline deadline);

  /**
   * Deletes every expired row.
   *
   * @return how many there were
   */
  long delete(Deadline deadline);
}
