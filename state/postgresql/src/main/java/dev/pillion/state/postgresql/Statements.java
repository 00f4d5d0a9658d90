// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.postgresql;

import static java.util.stream.Collectors.joining;

import dev.pillion.state.postgresql.Columns.ValueColumn;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * The SQL of one table. Each write takes its rows from a source named {@code i}: of one row, with a
 * parameter per column, or of many, with an array per column. Parameters come in the order key,
 * value, time to live, etag, as far as the kind has them.
 *
 * <p>Whatever writes many rows locks them in the order of its arrays. Since these are sorted, two
 * writers of the same keys wait for each other and never deadlock.
 */
final class Statements {
  private static final String EXPIRY = "now() + i.ttl * interval '1 second'";

  private final String table;
  private final Columns columns;
  private final String visible;
  private final Map<Kind, String> one = new EnumMap<>(Kind.class);
  private final Map<Kind, String> many = new EnumMap<>(Kind.class);

  final String select;
  final String selectMany;
  final String deleteExpired;

  Statements(String table, Columns columns) {
    this.table = table;
    this.columns = columns;
    var expires = columns.expires();
    this.visible = "(t.%1$s IS NULL OR t.%1$s >= now())".formatted(expires);
    var list = each(column -> "t." + column.name()) + ", t." + columns.etag() + ", t." + expires;
    this.select = "SELECT %s FROM %s AS t WHERE t.key = ? AND %s".formatted(list, table, visible);
    this.selectMany =
        "SELECT %s, t.key FROM %s AS t WHERE t.key = ANY(?) AND %s".formatted(list, table, visible);
    this.deleteExpired =
        "DELETE FROM %1$s WHERE %2$s IS NOT NULL AND %2$s < now()".formatted(table, expires);
    for (Kind kind : Kind.values()) {
      one.put(kind, write(kind, oneRow(kind)));
      many.put(
          kind, write(kind, manyRows(kind)) + (kind.isConditional() ? " RETURNING t.key" : ""));
    }
  }

  /** The statement for one change; its row count is 1 when it was applied. */
  String one(Kind kind) {
    return Objects.requireNonNull(one.get(kind));
  }

  /**
   * The statement for many changes of one kind, all of different keys. With a condition it returns
   * the keys of those that were applied.
   */
  String many(Kind kind) {
    return Objects.requireNonNull(many.get(kind));
  }

  private String write(Kind kind, String rows) {
    return switch (kind) {
      case PUT -> insert(rows);
      case PUT_ABSENT ->
        insert(rows) + " WHERE t.%1$s IS NOT NULL AND t.%1$s < now()".formatted(columns.expires());
      case PUT_MATCHING ->
        "UPDATE %s AS t SET %s FROM %s WHERE %s"
            .formatted(table, assignments(ValueColumn::name), rows, matches());
      case DELETE -> "DELETE FROM %s AS t USING %s WHERE t.key = i.key".formatted(table, rows);
      case DELETE_MATCHING ->
        "DELETE FROM %s AS t USING %s WHERE %s".formatted(table, rows, matches());
    };
  }

  private String insert(String rows) {
    boolean ownEtag = !columns.newEtag().isEmpty();
    return "INSERT INTO %s AS t (key, %s%s, %s) SELECT i.key, %s%s, %s FROM %s"
            .formatted(
                table,
                each(ValueColumn::name),
                ownEtag ? ", " + columns.etag() : "",
                columns.expires(),
                each(Statements::given),
                ownEtag ? ", " + columns.newEtag() : "",
                EXPIRY,
                rows)
        + " ON CONFLICT (key) DO UPDATE SET "
        + each(column -> "%1$s = excluded.%1$s".formatted(column.name()))
        + ", %s = now(), %2$s = excluded.%2$s".formatted(columns.updated(), columns.expires())
        + (ownEtag ? ", %1$s = excluded.%1$s".formatted(columns.etag()) : "");
  }

  private String assignments(Function<ValueColumn, String> name) {
    return each(column -> name.apply(column) + " = " + given(column))
        + ", %s = now(), %s = %s".formatted(columns.updated(), columns.expires(), EXPIRY)
        + (columns.newEtag().isEmpty()
            ? ""
            : ", %s = %s".formatted(columns.etag(), columns.newEtag()));
  }

  private String matches() {
    return "t.key = i.key AND t.%s = i.etag::%s AND %s"
        .formatted(columns.etag(), columns.etagType(), visible);
  }

  private static String given(ValueColumn column) {
    var same = column.parameterType().equals(column.columnType());
    return "i." + column.name() + (same ? "" : "::" + column.columnType());
  }

  private String each(Function<ValueColumn, String> text) {
    return columns.value().stream().map(text).collect(joining(", "));
  }

  private String oneRow(Kind kind) {
    return parameters(kind).stream()
        .map(column -> "?::%s AS %s".formatted(column.parameterType(), column.name()))
        .collect(joining(", ", "(SELECT ", ") AS i"));
  }

  private String manyRows(Kind kind) {
    var arrays = parameters(kind).stream()
        .map(column -> "?::" + column.parameterType() + "[]")
        .collect(joining(", "));
    var names = parameters(kind).stream().map(ValueColumn::name).collect(joining(", "));
    var rows = "unnest(%s) WITH ORDINALITY AS i(%s, n)".formatted(arrays, names);
    // An insert takes its rows as they come; the others join, in an order that is the planner's.
    return kind == Kind.PUT || kind == Kind.PUT_ABSENT
        ? rows
        : "(SELECT i.* FROM %s JOIN %s AS t ON t.key = i.key ORDER BY i.n FOR UPDATE OF t) AS i"
            .formatted(rows, table);
  }

  private List<ValueColumn> parameters(Kind kind) {
    var all = new ArrayList<ValueColumn>();
    all.add(new ValueColumn("key", "text", "text"));
    if (kind.puts()) {
      all.addAll(columns.value());
      all.add(new ValueColumn("ttl", "bigint", "bigint"));
    }
    if (kind.matches()) {
      all.add(new ValueColumn("etag", "text", columns.etagType()));
    }
    return all;
  }
}
