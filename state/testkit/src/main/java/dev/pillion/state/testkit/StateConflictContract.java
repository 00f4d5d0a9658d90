// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.pillion.BulkException;
import dev.pillion.EtagMismatchException;
import dev.pillion.TransactionException;
import dev.pillion.state.DeleteOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateChanges;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The whole conflict matrix: every condition of a save and of a delete, over every state a key can
 * be in, by every way a write can go. One rule decides each cell: last-write always, first-write
 * where no value is, an etag only over the value that has it; an expired value is no value.
 */
abstract class StateConflictContract extends StateTopic {
  StateConflictContract(StateStoreContract contract) {
    super(contract);
  }

  @TestFactory
  Stream<DynamicTest> everyCellOfTheMatrix() {
    return cells(EnumSet.complementOf(EnumSet.of(Standing.EXPIRED))).map(this::test);
  }

  /** One wait serves all. The expired values are not looked at before the write. */
  @TestFactory
  Stream<DynamicTest> everyCellOverAnExpiredValue() {
    List<Cell> cells = cells(EnumSet.of(Standing.EXPIRED)).toList();
    awaitExpiry();
    return cells.stream().map(this::test);
  }

  private Stream<Cell> cells(Set<Standing> standings) {
    String wrong = foreignEtag();
    var cells = new ArrayList<Cell>();
    for (Standing standing : standings) {
      for (Given given : Given.values()) {
        for (Way way : Way.values()) {
          cells.add(prepared(standing, given, way, true, wrong));
          if (given != Given.FIRST_WRITE) {
            cells.add(prepared(standing, given, way, false, wrong));
          }
        }
      }
    }
    return cells.stream();
  }

  private Cell prepared(Standing standing, Given given, Way way, boolean isSave, String wrong) {
    String key = key("cell " + UUID.randomUUID());
    String right = standing.prepare(this, key).orElse(wrong);
    String etag = given.etag(right, wrong);
    return new Cell(standing, given, way, isSave, key, etag);
  }

  private DynamicTest test(Cell cell) {
    return dynamicTest(cell.toString(), named(cell.toString(), () -> run(cell)));
  }

  private void run(Cell cell) {
    if (cell.way.isTransaction()) {
      assumeTransactions();
    }
    String before = cell.key + " before";
    String after = cell.key + " after";
    String oldEtag = cell.standing.hasValue ? etag(cell.key) : "";

    var mismatch = cell.way.write(this, changes -> {
      if (cell.way.hasNeighbours()) {
        changes.save(before, bytes("neighbour"));
      }
      cell.writeTo(changes);
      if (cell.way.hasNeighbours()) {
        changes.save(after, bytes("neighbour"));
      }
    });

    assertThat(mismatch.isEmpty()).as("applied").isEqualTo(cell.isAllowed());
    mismatch.ifPresent(failure -> assertMismatch(failure, cell.key, cell.etag));
    if (!cell.isAllowed() && cell.standing.hasValue) {
      assertValue(cell.key, "old");
      assertThat(etag(cell.key)).as("etag after a refusal").isEqualTo(oldEtag);
    } else if (cell.isAllowed() && cell.isSave) {
      assertValue(cell.key, "new");
      assertThat(etag(cell.key)).as("etag after a save").isNotEqualTo(oldEtag);
    } else {
      assertAbsent(cell.key);
    }
    boolean neighboursThere =
        cell.way.hasNeighbours() && (cell.isAllowed() || !cell.way.isTransaction());
    for (String neighbour : List.of(before, after)) {
      if (neighboursThere) {
        assertValue(neighbour, "neighbour");
      } else {
        assertAbsent(neighbour);
      }
    }
  }

  /** What is under the key before the write. */
  private enum Standing {
    MISSING(false) {
      @Override
      Optional<String> prepare(StateTopic topic, String key) {
        return Optional.empty();
      }
    },
    EXISTING(true) {
      @Override
      Optional<String> prepare(StateTopic topic, String key) {
        return Optional.of(topic.savedEtag(key, "old"));
      }
    },
    WRITTEN_TWICE(true) {
      @Override
      Optional<String> prepare(StateTopic topic, String key) {
        topic.save(key, "older");
        return Optional.of(topic.savedEtag(key, "old"));
      }
    },
    WRITTEN_BY_FIRST_WRITE(true) {
      @Override
      Optional<String> prepare(StateTopic topic, String key) {
        topic.save(key, "old", SaveOptions.firstWrite());
        return Optional.of(topic.etag(key));
      }
    },
    EXPIRING_LATER(true) {
      @Override
      Optional<String> prepare(StateTopic topic, String key) {
        topic.save(key, "old", SaveOptions.defaults().expireAfter(LONG));
        return Optional.of(topic.etag(key));
      }
    },
    DELETED(false) {
      @Override
      Optional<String> prepare(StateTopic topic, String key) {
        String etag = topic.savedEtag(key, "old");
        topic.store().delete(key);
        return Optional.of(etag);
      }
    },
    EXPIRED(false) {
      @Override
      Optional<String> prepare(StateTopic topic, String key) {
        return Optional.of(topic.savedForShort(key, "old"));
      }
    };

    private final boolean hasValue;

    Standing(boolean hasValue) {
      this.hasValue = hasValue;
    }

    /** Returns the last etag the key had; empty when it never had one. */
    abstract Optional<String> prepare(StateTopic topic, String key);
  }

  /** What the write demands. */
  private enum Given {
    LAST_WRITE,
    FIRST_WRITE,
    RIGHT_ETAG,
    WRONG_ETAG,
    MALFORMED_ETAG;

    @Nullable
    String etag(String right, String wrong) {
      return switch (this) {
        case RIGHT_ETAG -> right;
        case WRONG_ETAG -> wrong;
        case MALFORMED_ETAG -> "not an etag";
        default -> null;
      };
    }
  }

  /** How the write goes. */
  private enum Way {
    BY_ITSELF,
    ALONE_IN_BULK,
    AMONG_OTHERS_IN_BULK,
    ALONE_IN_A_TRANSACTION,
    AMONG_OTHERS_IN_A_TRANSACTION;

    boolean isTransaction() {
      return this == ALONE_IN_A_TRANSACTION || this == AMONG_OTHERS_IN_A_TRANSACTION;
    }

    boolean hasNeighbours() {
      return this == AMONG_OTHERS_IN_BULK || this == AMONG_OTHERS_IN_A_TRANSACTION;
    }

    /** Returns the mismatch, if that is how it ended; any other failure is thrown. */
    Optional<EtagMismatchException> write(
        StateTopic topic, StateChanges.Writer<RuntimeException> writer) {
      try {
        if (isTransaction()) {
          topic.store().transaction(writer);
        } else if (this == BY_ITSELF) {
          writer.write(new Direct(topic.store()));
        } else {
          topic.store().bulk(writer);
        }
        return Optional.empty();
      } catch (EtagMismatchException e) {
        assertThat(this).isEqualTo(BY_ITSELF);
        return Optional.of(e);
      } catch (BulkException e) {
        assertThat(e.failures()).as("failures of the bulk call").hasSize(1);
        return Optional.of(
            (EtagMismatchException) e.failures().values().iterator().next());
      } catch (TransactionException e) {
        if (e.getCause() instanceof EtagMismatchException mismatch) {
          return Optional.of(mismatch);
        }
        throw e;
      }
    }
  }

  private record Cell(
      Standing standing,
      Given given,
      Way way,
      boolean isSave,
      String key,
      @Nullable String etag) {
    boolean isAllowed() {
      return switch (given) {
        case LAST_WRITE -> true;
        case FIRST_WRITE -> !standing.hasValue;
        case RIGHT_ETAG -> standing.hasValue;
        case WRONG_ETAG, MALFORMED_ETAG -> false;
      };
    }

    void writeTo(StateChanges changes) {
      if (isSave) {
        var options = given == Given.FIRST_WRITE
            ? SaveOptions.firstWrite()
            : etag == null ? SaveOptions.defaults() : SaveOptions.ifMatch(etag);
        changes.save(key, bytes("new"), options);
      } else {
        changes.delete(key, etag == null ? DeleteOptions.defaults() : DeleteOptions.ifMatch(etag));
      }
    }

    @Override
    public String toString() {
      return "%s with %s over %s, %s: %s"
          .formatted(
              isSave ? "save" : "delete",
              words(given),
              words(standing),
              words(way),
              isAllowed() ? "applied" : "refused");
    }

    private static String words(Enum<?> name) {
      return name.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }
}
