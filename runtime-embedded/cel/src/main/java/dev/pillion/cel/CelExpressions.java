// SPDX-License-Identifier: Apache-2.0
package dev.pillion.cel;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelIssue;
import dev.cel.common.CelOptions;
import dev.cel.common.CelSourceLocation;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.CelKind;
import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import dev.pillion.Expressions;
import dev.pillion.component.NearestName;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Conditions in the Common Expression Language, with its standard functions and macros. Found by
 * {@link java.util.ServiceLoader}; it needs protobuf-java of the 4.x line. Thread-safe.
 *
 * <p>A name that is neither a type nor bound by a macro is a variable of any type. Numbers compare
 * by value, whether integer or floating-point. An expression has at most {@value #MAX_LENGTH} code
 * points, {@value #MAX_NESTING} levels, and one evaluation at most {@value #MAX_ITERATIONS} steps
 * of macros.
 */
public final class CelExpressions implements Expressions {
  static final int MAX_LENGTH = 10_000;
  static final int MAX_NESTING = 100;
  static final int MAX_ITERATIONS = 100_000;

  // Numbers of different types meet whenever an event's double is compared with a written integer.
  private static final CelOptions OPTIONS = CelOptions.current()
      .enableHeterogeneousNumericComparisons(true)
      .maxExpressionCodePointSize(MAX_LENGTH)
      .maxParseRecursionDepth(MAX_NESTING)
      .comprehensionMaxIterations(MAX_ITERATIONS)
      .build();

  private static final Set<CelKind> PERHAPS_BOOLEAN =
      Set.of(CelKind.BOOL, CelKind.DYN, CelKind.ANY);

  private final CelCompiler compiler;
  private final CelRuntime runtime;

  /** Holds nothing that must be closed; one for many conditions is cheaper than one for each. */
  public CelExpressions() {
    compiler = CelCompilerFactory.standardCelCompilerBuilder()
        .setOptions(OPTIONS)
        .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
        .build();
    runtime = CelRuntimeFactory.plannerRuntimeBuilder().setOptions(OPTIONS).build();
  }

  @Override
  public Condition compile(String text) {
    return compile(text, SimpleType.DYN, names -> {});
  }

  @Override
  public Condition compile(String text, Set<String> numbers) {
    return compile(text, SimpleType.INT, names -> names.stream()
        .sorted()
        .filter(name -> !numbers.contains(name))
        .findFirst()
        .ifPresent(name -> {
          var nearest = NearestName.to(name, numbers);
          throw new IllegalArgumentException(
              "%s is no condition: there is no variable \"%s\"%s; there are %s"
                  .formatted(
                      quoted(text),
                      name,
                      nearest == null ? "" : ", did you mean \"" + nearest + "\"?",
                      new TreeSet<>(numbers)));
        }));
  }

  private Condition compile(String text, CelType type, Consumer<Set<String>> judge) {
    try {
      var parsed = compiler.parse(text).getAst();
      var variables = variables(parsed);
      judge.accept(variables);
      var checker = compiler.toCompilerBuilder();
      variables.forEach(name -> checker.addVar(name, type));
      var checked = checker.build().check(parsed).getAst();
      requireBoolean(text, checked.getResultType());
      return new CelCondition(text, variables, checked.getSource(), runtime.createProgram(checked));
    } catch (CelValidationException e) {
      throw new IllegalArgumentException(
          "%s is no expression: %s".formatted(quoted(text), reasons(e)), e);
    } catch (CelEvaluationException e) {
      throw new IllegalArgumentException(
          "%s is no expression: %s".formatted(quoted(text), e.getMessage()), e);
    } catch (LinkageError e) {
      // A program may manage an older one; of CEL's classes that loads only a part.
      throw new IllegalStateException(
          "CEL needs protobuf-java 4.35.1 or a newer 4.x, the class path has another; "
              + "add com.google.protobuf:protobuf-java:4.35.1 to your dependencyManagement",
          e);
    }
  }

  /** What a variable of any type gives is seen when it is evaluated. */
  private static void requireBoolean(String text, CelType result) {
    if (!PERHAPS_BOOLEAN.contains(result.kind())) {
      throw new IllegalArgumentException(
          "%s is no condition: its result is neither true nor false, but of the type %s"
              .formatted(quoted(text), result.name()));
    }
  }

  /** What CEL itself does not know alone is a variable: what else, its checker says later. */
  private Set<String> variables(CelAbstractSyntaxTree parsed) {
    var names = new LinkedHashSet<>(FreeNames.of(parsed));
    names.removeIf(name -> !compiler.compile(name).hasError());
    return Set.copyOf(names);
  }

  private static String reasons(CelValidationException e) {
    return e.getErrors().isEmpty()
        ? String.valueOf(e.getMessage())
        : e.getErrors().stream().map(CelExpressions::reason).collect(Collectors.joining("; "));
  }

  private static String reason(CelIssue issue) {
    var message = issue.getMessage().replace(" (in container '')", "");
    return "%s: %s".formatted(place(issue.getSourceLocation()), message);
  }

  /** As editors count: both from 1. */
  static String place(CelSourceLocation location) {
    return location.getLine() + ":" + (location.getColumn() + 1);
  }

  /** A hostile text is not repeated in full. */
  static String quoted(String text) {
    return text.length() <= 200 ? '"' + text + '"' : '"' + text.substring(0, 200) + "…\"";
  }
}
