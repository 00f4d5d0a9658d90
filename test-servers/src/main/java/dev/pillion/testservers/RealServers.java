// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.lang.reflect.Executable;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;
import org.opentest4j.TestAbortedException;

/**
 * Gives tests real servers by parameter type: {@link RedisServer}, {@link RedisSentinel},
 * {@link RedisClusterServers}, {@link KafkaServer}, {@link PostgresServer}. One of each type is
 * started per JVM, when the first test asks for it, and closed when the test engine ends.
 *
 * <pre>{@code
 * @ExtendWith(RealServers.class)
 * class OrdersIT {
 *   @Test
 *   void saves(RedisServer redis) { … }
 * }
 * }</pre>
 *
 * <p>Tests share these servers, with other classes too: they use keys, topics and databases of
 * their own, and neither stop nor pause them. Where a server comes from: the one that
 * {@code TEST_REDIS_URI}, {@code TEST_KAFKA_BROKERS}, or {@code TEST_POSTGRES_URL} with
 * {@code TEST_POSTGRES_USER} and {@code TEST_POSTGRES_PASSWORD}, names; otherwise what the system
 * property {@code test.backends} says: {@code docker} (fails if Docker does not answer),
 * {@code embedded}, or {@code auto}, which is the embedded program and, where a platform has none,
 * Docker. If nothing can give the server, the test is skipped, and the reason is printed.
 * Thread-safe.
 */
public final class RealServers implements ParameterResolver, ExecutionCondition {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(RealServers.class);

  private static final List<Kind<?>> KINDS = List.of(
      new Kind<>(
          RedisServer.class,
          Optional.of("TEST_REDIS_URI"),
          RedisServer::available,
          RealServers::redis),
      new Kind<>(
          RedisSentinel.class, Optional.empty(), RedisServer::available, RedisSentinel::start),
      new Kind<>(
          RedisClusterServers.class,
          Optional.empty(),
          RedisServer::available,
          RedisClusterServers::start),
      new Kind<>(
          KafkaServer.class,
          Optional.of("TEST_KAFKA_BROKERS"),
          KafkaServer::available,
          RealServers::kafka),
      new Kind<>(
          PostgresServer.class,
          Optional.of("TEST_POSTGRES_URL"),
          PostgresServer::available,
          RealServers::postgres));

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return kind(parameter.getParameter().getType()).isPresent();
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return shared(kind(parameter.getParameter().getType()).orElseThrow(), context);
  }

  /**
   * Skips a class or method, with the reason, if it asks for a server that nothing here can give.
   */
  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    List<Kind<?>> wanted = executables(context)
        .flatMap(executable -> Arrays.stream(executable.getParameterTypes()))
        .flatMap(type -> kind(type).stream())
        .distinct()
        .toList();
    try {
      wanted.forEach(Kind::check);
      return ConditionEvaluationResult.enabled("its servers are available");
    } catch (TestAbortedException e) {
      Backend.print("skipped: " + context.getUniqueId() + ": " + e.getMessage());
      return ConditionEvaluationResult.disabled(e.getMessage());
    }
  }

  private static <T extends AutoCloseable> T shared(Kind<T> kind, ExtensionContext context) {
    return context
        .getRoot()
        .getStore(NAMESPACE)
        .getOrComputeIfAbsent(kind.type(), type -> kind.server().get(), kind.type());
  }

  private static Optional<Kind<?>> kind(Class<?> type) {
    for (Kind<?> kind : KINDS) {
      if (kind.type() == type) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }

  private static Stream<Executable> executables(ExtensionContext context) {
    if (context.getTestMethod().isPresent()) {
      return Stream.of(context.getRequiredTestMethod());
    }
    if (context.getTestClass().isEmpty()) {
      return Stream.empty();
    }
    Class<?> type = context.getRequiredTestClass();
    List<Executable> lifecycle = List.copyOf(ReflectionSupport.findMethods(
        type,
        method -> Stream.of(BeforeAll.class, BeforeEach.class, AfterEach.class, AfterAll.class)
            .anyMatch(annotation -> AnnotationSupport.isAnnotated(method, annotation)),
        HierarchyTraversalMode.TOP_DOWN));
    return Stream.concat(Arrays.stream(type.getDeclaredConstructors()), lifecycle.stream());
  }

  private static RedisServer redis() {
    return Environment.variable("TEST_REDIS_URI")
        .map(uri -> RedisServer.at(URI.create(uri), "TEST_REDIS_URI"))
        .orElseGet(RedisServer::start);
  }

  private static KafkaServer kafka() {
    return Environment.variable("TEST_KAFKA_BROKERS")
        .map(brokers -> KafkaServer.at(brokers, "TEST_KAFKA_BROKERS"))
        .orElseGet(KafkaServer::start);
  }

  private static PostgresServer postgres() {
    return Environment.variable("TEST_POSTGRES_URL")
        .map(url -> PostgresServer.at(
            url,
            Environment.variable("TEST_POSTGRES_USER").orElse("postgres"),
            Environment.variable("TEST_POSTGRES_PASSWORD").orElse("postgres"),
            "TEST_POSTGRES_URL"))
        .orElseGet(PostgresServer::start);
  }

  /**
   * One kind of server: the variable that may name an existing one, the check that one can be had,
   * and how to get it.
   */
  private record Kind<T extends AutoCloseable>(
      Class<T> type, Optional<String> variable, Runnable available, Supplier<T> server) {
    void check() {
      Optional<String> named =
          variable.filter(name -> Environment.variable(name).isPresent());
      if (named.isPresent()) {
        Backend.print(type.getSimpleName() + ": the one that " + named.get() + " names");
      } else {
        available.run();
      }
    }
  }
}
