// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * Which apps may call which methods of this one: Dapr's {@code spec.accessControl}. It is asked
 * about every call of another app. Who calls from another process is what the peer's certificate
 * proves, so that without mTLS the default holds for all of those; apps of the same
 * {@link InProcessNetwork} are known by themselves, as of this policy's trust domain. Immutable;
 * each method returns another policy.
 *
 * <pre>{@code
 * AccessPolicy.denyByDefault()
 *     .app("web", "default", web -> web.allow("/orders/*", "GET"))
 *     .app("audit", "default", audit -> audit.allowByDefault().deny("/admin"))
 * }</pre>
 *
 * <p>A path is compared by segments, and of those beside each other the first one that fits is
 * followed: {@code /orders} stands for itself and all below, {@code /orders/*} for one segment more
 * and for {@code /orders}, {@code /orders/**} for all of these, and a {@code *} within a segment
 * for any letters.
 */
public final class AccessPolicy {
  private static final String PUBLIC = "public";
  private static final Set<String> VERBS =
      Set.of("*", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");

  private final boolean allowing;
  private final String trustDomain;
  private final List<AppRules> apps;

  /** What holds for a caller that no rule speaks of. */
  public enum DefaultAction {
    /** It may call. */
    ALLOW,
    /** It may not. */
    DENY,
    /** What the policy says as a whole. */
    INHERIT
  }

  /**
   * What one app may do.
   *
   * @param path with a slash at its begin
   * @param verbs HTTP's, in upper case, or {@code *}; without any it is for gRPC alone
   * @param allow whether it may, or may not
   */
  public record Rule(String path, Set<String> verbs, boolean allow) {
    /**
     * Adds the slash, and copies the verbs.
     *
     * @throws IllegalArgumentException when no call can have such a path or verb
     */
    public Rule {
      path = path.startsWith("/") ? path : "/" + path;
      requirePath(path);
      for (String verb : verbs) {
        if (!VERBS.contains(verb)) {
          throw new IllegalArgumentException(
              "\"%s\" is no verb; there are %s".formatted(verb, new TreeSet<>(VERBS)));
        }
      }
      verbs = Set.copyOf(verbs);
    }

    /** A rule that no call is compared with would be a door that only looks shut. */
    private static void requirePath(String path) {
      String canonical;
      try {
        canonical = InvocationRequest.get(path).method();
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "the operation has a #, a ? or a control character in it, which no method has", e);
      }
      if (!canonical.equals(path)) {
        throw new IllegalArgumentException(
            "no method is called \"%s\"; without empty segments, dots and the slash at the end it is \"%s\""
                .formatted(path, canonical));
      }
    }
  }

  /** The rules for one app, the first added first. Immutable. */
  public static final class AppRules {
    private final String appId;
    private final String namespace;
    private final String trustDomain;
    private final DefaultAction defaultAction;
    private final List<Rule> rules;

    private AppRules(
        String appId,
        String namespace,
        String trustDomain,
        DefaultAction defaultAction,
        List<Rule> rules) {
      this.appId = required("app id", appId);
      this.namespace = required("namespace", namespace);
      this.trustDomain = required("trust domain", trustDomain);
      this.defaultAction = defaultAction;
      this.rules = List.copyOf(rules);
    }

    private static String required(String what, String text) {
      if (text.isBlank()) {
        throw new IllegalArgumentException("the rules for an app need its " + what);
      }
      return text;
    }

    /** Whose certificate authority the app's certificate is of; the policy's own unless set. */
    public AppRules trustDomain(String other) {
      return new AppRules(appId, namespace, other, defaultAction, rules);
    }

    /** What no rule speaks of is allowed. */
    public AppRules allowByDefault() {
      return defaultAction(DefaultAction.ALLOW);
    }

    /** What no rule speaks of is denied. */
    public AppRules denyByDefault() {
      return defaultAction(DefaultAction.DENY);
    }

    /** What holds where no rule speaks; the policy's own default unless set. */
    public AppRules defaultAction(DefaultAction other) {
      return new AppRules(appId, namespace, trustDomain, other, rules);
    }

    /**
     * Allows a path.
     *
     * @param verbs HTTP's, in upper case; none for all
     * @throws IllegalArgumentException when no call can have such a path or verb
     */
    public AppRules allow(String path, String... verbs) {
      return rule(new Rule(path, verbs.length == 0 ? Set.of("*") : Set.of(verbs), true));
    }

    /**
     * Denies a path.
     *
     * @param verbs HTTP's, in upper case; none for all
     * @throws IllegalArgumentException when no call can have such a path or verb
     */
    public AppRules deny(String path, String... verbs) {
      return rule(new Rule(path, verbs.length == 0 ? Set.of("*") : Set.of(verbs), false));
    }

    /** Adds a rule. Of two with the same path the first counts. */
    public AppRules rule(Rule rule) {
      var more = new ArrayList<>(rules);
      more.add(rule);
      return new AppRules(appId, namespace, trustDomain, defaultAction, more);
    }

    /** The app. */
    public String appId() {
      return appId;
    }

    /** Its namespace. */
    public String namespace() {
      return namespace;
    }

    /** Its trust domain. */
    public String trustDomain() {
      return trustDomain;
    }

    /** What holds where no rule speaks. */
    public DefaultAction defaultAction() {
      return defaultAction;
    }

    /** The rules in their order; unmodifiable. */
    public List<Rule> rules() {
      return rules;
    }
  }

  private AccessPolicy(boolean allowing, String trustDomain, List<AppRules> apps) {
    this.allowing = allowing;
    this.trustDomain = trustDomain;
    this.apps = List.copyOf(apps);
  }

  /** Nobody may call what no rule allows. */
  public static AccessPolicy denyByDefault() {
    return new AccessPolicy(false, PUBLIC, List.of());
  }

  /** Everybody may call what no rule denies. */
  public static AccessPolicy allowByDefault() {
    return new AccessPolicy(true, PUBLIC, List.of());
  }

  /**
   * This app's own trust domain, which is that of the other apps of its JVM and of the apps added
   * from here on; {@code public} unless set.
   */
  public AccessPolicy trustDomain(String other) {
    if (other.isBlank()) {
      throw new IllegalArgumentException("the trust domain can't be empty; Dapr's is public");
    }
    return new AccessPolicy(allowing, other, apps);
  }

  /**
   * Adds the rules for an app.
   *
   * @param rules is given rules that inherit the default, and returns the app's
   * @throws IllegalArgumentException when app id or namespace are empty, or the app has rules
   *     already
   */
  public AccessPolicy app(String appId, String namespace, UnaryOperator<AppRules> rules) {
    var added =
        rules.apply(new AppRules(appId, namespace, trustDomain, DefaultAction.INHERIT, List.of()));
    if (apps.stream().anyMatch(app -> app.appId.equals(appId) && app.namespace.equals(namespace))) {
      throw new IllegalArgumentException(
          "the app \"%s\" in the namespace \"%s\" has rules already; put all of them in one place"
              .formatted(appId, namespace));
    }
    var more = new ArrayList<>(apps);
    more.add(added);
    return new AccessPolicy(allowing, trustDomain, more);
  }

  /** Whether a caller that no rule speaks of may call. */
  public boolean isAllowing() {
    return allowing;
  }

  /** The trust domain of this app, and of those in its JVM. */
  public String trustDomain() {
    return trustDomain;
  }

  /** The rules by app, in their order; unmodifiable. */
  public List<AppRules> apps() {
    return apps;
  }

  /** Readable: the default, and of how many apps it speaks. */
  @Override
  public String toString() {
    return "%s by default, rules for %s"
        .formatted(
            allowing ? "allow" : "deny",
            apps.isEmpty()
                ? "no app"
                : apps.stream().map(app -> app.appId + "." + app.namespace).toList());
  }
}
