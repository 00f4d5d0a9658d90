// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import dev.pillion.state.postgresql.Migrations.Step;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The tables of one store: where they are, how they came to be, and the rows that tell.
 *
 * @param table the state table
 * @param metadataTable the table of migration levels and cleanup times, shared with other
 *     components
 * @param migrationKey the row that holds the number of steps done
 * @param cleanupKey the row that holds the time of the last cleanup
 * @param steps what brings a database up to date, in order
 * @param columns how a row is made up
 */
record Layout(
    String table,
    String metadataTable,
    String migrationKey,
    String cleanupKey,
    List<Step> steps,
    Columns columns) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.$]+");

  /** Dapr's version 1. */
  static Layout v1(String table, String metadataTable) {
    var columns = new JsonbColumns();
    return new Layout(
        table,
        metadataTable,
        "migrations",
        "last-cleanup",
        List.of(
            Steps.createV1(table),
            Steps.addExpiry(table),
            Steps.addRowId(table, columns.created())),
        columns);
  }

  /** Dapr's version 2. */
  static Layout v2(String prefix, String metadataTable) {
    var columns = new ByteaColumns();
    var table = prefix + "state";
    return new Layout(
        table,
        metadataTable,
        "migrations-state-v2-" + prefix,
        "last-cleanup-state-v2-" + prefix,
        List.of(Steps.createV2(table), Steps.addRowId(table, columns.created())),
        columns);
  }

  /** Whether a name may stand in SQL as it is; unquoted, so that the server folds its case. */
  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }
}
