// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import java.util.List;

/** The value that each language saves with the serializer its users have. */
record Order(String customer, List<Line> lines, boolean paid, long total) {
  Order {
    lines = List.copyOf(lines);
  }

  record Line(int count, String item) {}
}
