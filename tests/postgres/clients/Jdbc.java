import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TimeZone;
import java.util.UUID;

/**
 * Answers commands on the standard input, one a line, whose words a tab divides: a name and its arguments.
 *
 * <p>Each answer is a list of lines, whose values a tab divides, and ends with a line that has a point alone.
 */
public final class Jdbc {
  private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private static final BufferedReader IN =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

  private Jdbc() {}

  public static void main(String[] arguments) throws Exception {
    Locale.setDefault(Locale.ROOT);
    for (String line = IN.readLine(); line != null; line = IN.readLine()) {
      String[] words = line.split("\t", -1);
      try {
        if (words[0].equals("zone")) {
          TimeZone.setDefault(TimeZone.getTimeZone(words[1]));
        } else {
          answer(words[0], Arrays.copyOfRange(words, 1, words.length));
        }
      } catch (SQLException error) {
        print("ERROR", error.getSQLState(), error.getMessage());
      } catch (Exception error) {
        print("ERROR", null, error);
      }
      OUT.println(".");
    }
  }

  private static void answer(String command, String[] words) throws Exception {
    try (Connection con = DriverManager.getConnection(words[0])) {
      switch (command) {
        case "facts" -> facts(con.getMetaData());
        case "metadata" -> metadata(con.getMetaData());
        case "rows" -> rows(con, words);
        case "cursors" -> cursors(con, words[1], words[2]);
        case "parameters" -> parameters(con);
        case "getters" -> getters(con, words[1]);
        case "cancel" -> cancel(con, words[1]);
        case "timeout" -> timeout(con, words[1]);
        case "settings" -> settings(con);
        default -> throw new IllegalArgumentException(command);
      }
    }
  }

  /** Print what every method says that takes no argument and returns no rows. */
  private static void facts(DatabaseMetaData about) throws Exception {
    Method[] methods = DatabaseMetaData.class.getMethods();
    Arrays.sort(methods, Comparator.comparing(Method::getName));
    for (Method method : methods) {
      Class<?> returned = method.getReturnType();
      boolean plain = returned.isPrimitive() || returned == String.class;
      if (plain && method.getParameterCount() == 0) {
        try {
          print(method.getName(), String.valueOf(method.invoke(about)));
        } catch (InvocationTargetException error) {
          print(method.getName(), String.valueOf(error.getCause()));
        }
      }
    }
  }

  /** Print the rows of every method that returns rows; the first value is its name. */
  private static void metadata(DatabaseMetaData about) throws SQLException {
    String none = null;
    String schema = "harvest";
    print("getTableTypes", about.getTableTypes());
    print("getCatalogs", about.getCatalogs());
    print("getSchemas", about.getSchemas());
    print("getSchemas harvest", about.getSchemas(none, "har%"));
    print("getTypeInfo", about.getTypeInfo());
    print("getClientInfoProperties", about.getClientInfoProperties());
    print("getTables", about.getTables(none, schema, "%", null));
    print("getTables TABLE", about.getTables(none, none, "time\\_entries", new String[] {"TABLE"}));
    print("getTables VIEW", about.getTables(none, none, "util%", new String[] {"VIEW"}));
    print("getTables SYSTEM TABLE", about.getTables(none, none, "pg\\_cl%", new String[] {"SYSTEM TABLE"}));
    print("getTables catalog", about.getTables(about.getConnection().getCatalog(), schema, "clients", null));
    print("getTables other catalog", about.getTables("nobody", schema, "clients", null));
    print("getColumns", about.getColumns(none, schema, "%", "%"));
    print("getColumns pattern", about.getColumns(none, none, "cli_nts", "%name%"));
    print("getColumns system", about.getColumns(none, "pg_catalog", "pg_class", "rel%"));
    print("getPrimaryKeys", about.getPrimaryKeys(none, schema, null));
    print("getPrimaryKeys clients", about.getPrimaryKeys(none, schema, "clients"));
    print("getImportedKeys", about.getImportedKeys(none, schema, null));
    print("getImportedKeys time_entries", about.getImportedKeys(none, schema, "time_entries"));
    print("getExportedKeys", about.getExportedKeys(none, schema, null));
    print("getExportedKeys clients", about.getExportedKeys(none, schema, "clients"));
    print("getCrossReference", about.getCrossReference(none, schema, "clients", none, schema, "projects"));
    for (String table : List.of("clients", "company", "invoice_line_items", "pto_balances", "utilization")) {
      print("getIndexInfo " + table, about.getIndexInfo(none, schema, table, false, true));
      print("getBestRowIdentifier " + table, about.getBestRowIdentifier(none, schema, table, 1, true));
    }
    print("getVersionColumns", about.getVersionColumns(none, schema, "clients"));
    print("getTablePrivileges", about.getTablePrivileges(none, schema, "%"));
    print("getColumnPrivileges", about.getColumnPrivileges(none, schema, "clients", "%"));
    print("getProcedures", about.getProcedures(none, schema, "%"));
    print("getProcedureColumns", about.getProcedureColumns(none, schema, "%", "%"));
    print("getFunctions", about.getFunctions(none, schema, "%"));
    print("getFunctionColumns", about.getFunctionColumns(none, schema, "%", "%"));
    print("getUDTs", about.getUDTs(none, schema, "%", null));
  }

  /** Print the rows of each query, each with the class and text of its values; how they travel is an option. */
  private static void rows(Connection con, String[] words) throws SQLException {
    for (int n = 1; n < words.length; n++) {
      try (PreparedStatement asked = con.prepareStatement(words[n]);
          ResultSet found = asked.executeQuery()) {
        ResultSetMetaData about = found.getMetaData();
        for (int c = 1; c <= about.getColumnCount(); c++) {
          print(
              "column", about.getColumnLabel(c), about.getColumnTypeName(c), about.getColumnClassName(c),
              about.getPrecision(c), about.getScale(c), about.getColumnDisplaySize(c), about.isSigned(c));
        }
        while (found.next()) {
          List<Object> values = new ArrayList<>();
          for (int c = 1; c <= about.getColumnCount(); c++) {
            Object value = found.getObject(c);
            values.add(value == null ? null : value.getClass().getSimpleName() + " " + value);
            values.add(found.getString(c));
          }
          print(values.toArray());
        }
        print("end");
      }
    }
  }

  /** Print the rows of two queries in turn, both of which are open, from cursors with three rows a fetch. */
  private static void cursors(Connection con, String one, String other) throws SQLException {
    con.setAutoCommit(false);
    try (Statement first = con.createStatement();
        Statement second = con.createStatement()) {
      first.setFetchSize(3);
      second.setFetchSize(3);
      ResultSet left = first.executeQuery(one);
      ResultSet right = second.executeQuery(other);
      for (boolean more = true; more; ) {
        more = left.next();
        if (more) {
          print("left", left.getString(1));
        }
        if (right.next()) {
          more = true;
          print("right", right.getString(1));
        }
      }
    }
    con.commit();
    con.setAutoCommit(true);
    con.setReadOnly(true);
    print("isolation", con.getTransactionIsolation(), con.isReadOnly(), con.isValid(5), con.getSchema());
  }

  /** Print what comes back of parameters of each type, and what the server says of their types. */
  private static void parameters(Connection con) throws SQLException {
    String date = "SELECT count(*) FROM harvest.time_entries WHERE spent_date >= ?";
    try (PreparedStatement asked = con.prepareStatement(date)) {
      asked.setDate(1, java.sql.Date.valueOf("2026-03-01"));
      print("setDate", asked.executeQuery());
      asked.setObject(1, LocalDate.of(2026, 3, 1));
      print("LocalDate", asked.executeQuery());
      ParameterMetaData about = asked.getParameterMetaData();
      print("types", about.getParameterCount(), about.getParameterTypeName(1));
    }
    String moment = "SELECT count(*) FROM harvest.time_entries WHERE updated_at >= ?";
    try (PreparedStatement asked = con.prepareStatement(moment)) {
      asked.setTimestamp(1, java.sql.Timestamp.valueOf("2026-03-01 12:00:00"));
      print("setTimestamp", asked.executeQuery());
      asked.setObject(1, OffsetDateTime.parse("2026-03-01T12:00:00+02:00"));
      print("OffsetDateTime", asked.executeQuery());
    }
    String hours = "SELECT count(*) FROM harvest.time_entries WHERE hours > ? AND is_billed = ? AND id <> ?";
    try (PreparedStatement asked = con.prepareStatement(hours)) {
      asked.setBigDecimal(1, new BigDecimal("1.25"));
      asked.setBoolean(2, false);
      asked.setLong(3, 5);
      for (int n = 0; n < 7; n++) { // from the fifth on a named statement
        print("hours", asked.executeQuery());
      }
    }
    String clients = "SELECT name FROM harvest.clients WHERE id = ANY(?) ORDER BY id";
    try (PreparedStatement asked = con.prepareStatement(clients)) {
      List<Long> ids = new ArrayList<>();
      try (Statement all = con.createStatement();
          ResultSet found = all.executeQuery("SELECT id FROM harvest.clients ORDER BY id LIMIT 3")) {
        while (found.next()) {
          ids.add(found.getLong(1));
        }
      }
      asked.setArray(1, con.createArrayOf("int8", ids.toArray()));
      print("setArray", asked.executeQuery());
    }
    String each = "SELECT ?::uuid, ?::text, ?::float8, ?::int4, ?::time, ?::numeric, ?::bool, ?::bytea";
    try (PreparedStatement asked = con.prepareStatement(each)) {
      asked.setObject(1, UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"));
      asked.setString(2, "O'Brien \"quoted\" \\ \uD83D\uDE80 \u00e9\n");
      asked.setDouble(3, 0.1);
      asked.setInt(4, Integer.MIN_VALUE);
      asked.setTime(5, java.sql.Time.valueOf("14:59:00"));
      asked.setBigDecimal(6, new BigDecimal("-12345678901234.5678"));
      asked.setNull(7, Types.BOOLEAN);
      asked.setBytes(8, new byte[] {0, 1, -1, 39});
      for (int n = 0; n < 7; n++) {
        print("each", asked.executeQuery());
      }
    }
    try (PreparedStatement asked = con.prepareStatement("SELECT id FROM harvest.clients ORDER BY id")) {
      asked.setMaxRows(2);
      print("setMaxRows", asked.executeQuery());
    }
  }

  /** Print the first row of a query by the getters that reports use. */
  private static void getters(Connection con, String sql) throws SQLException {
    try (Statement asked = con.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY);
        ResultSet found = asked.executeQuery(sql)) {
      print("last", found.last(), found.getRow());
      found.first();
      print(
          found.getLong("id"), found.getBigDecimal("hours"), found.getDouble("hours"), found.getDate("spent_date"),
          found.getObject("spent_date", LocalDate.class), found.getTimestamp("updated_at"),
          found.getObject("updated_at", OffsetDateTime.class), found.getBoolean("billable"), found.getTime("started_time"),
          found.getString("notes"), found.getBytes("notes"));
    }
  }

  /** Cancel a query as soon as a line comes in, and print what it ended with, and that the session goes on. */
  private static void cancel(Connection con, String sql) throws Exception {
    try (Statement asked = con.createStatement()) {
      Thread other = new Thread(() -> {
        try {
          IN.readLine();
          asked.cancel();
        } catch (Exception error) {
          OUT.println(error);
        }
      });
      other.start();
      try {
        print("rows", asked.executeQuery(sql));
      } catch (SQLException error) {
        print("ERROR", error.getSQLState(), error.getMessage());
      }
      other.join();
      print("then", asked.executeQuery("SELECT 1"));
    }
  }

  /** Print what a query ends with that takes longer than its time limit, and that the session goes on. */
  private static void timeout(Connection con, String sql) throws SQLException {
    try (Statement asked = con.createStatement()) {
      asked.setQueryTimeout(1);
      try {
        print("rows", asked.executeQuery(sql));
      } catch (SQLException error) {
        print("ERROR", error.getSQLState(), error.getMessage());
      }
      asked.setQueryTimeout(0);
      print("then", asked.executeQuery("SELECT 1"));
    }
  }

  /** Print what tools set as soon as they have connected. */
  private static void settings(Connection con) throws SQLException {
    con.setClientInfo("ApplicationName", "DBeaver 24");
    con.setSchema("harvest");
    con.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    con.setAutoCommit(false);
    try (Statement asked = con.createStatement()) {
      print("schema", con.getSchema(), con.getCatalog());
      print("application_name", asked.executeQuery("SHOW application_name"));
      print("isolation", asked.executeQuery("SHOW TRANSACTION ISOLATION LEVEL"));
      print("path", asked.executeQuery("SHOW search_path"));
      asked.execute("SET extra_float_digits = 3; SET statement_timeout = '5min'");
      print("timeout", asked.executeQuery("SHOW statement_timeout"));
      var point = con.setSavepoint("before");
      try {
        asked.executeQuery("SELECT nothing FROM harvest.clients");
      } catch (SQLException error) {
        print("ERROR", error.getSQLState());
      }
      try {
        asked.executeQuery("SELECT 1");
      } catch (SQLException error) {
        print("ERROR", error.getSQLState());
      }
      con.rollback(point);
      print("after", asked.executeQuery("SELECT 2"));
      con.rollback();
    }
  }

  /** Print the rows of a result, with the names of the columns that have values. */
  private static void print(String name, ResultSet found) throws SQLException {
    try (found) {
      ResultSetMetaData about = found.getMetaData();
      List<Object> columns = new ArrayList<>(List.of(name, "columns"));
      for (int c = 1; c <= about.getColumnCount(); c++) {
        columns.add(about.getColumnLabel(c));
      }
      print(columns.toArray());
      while (found.next()) {
        List<Object> values = new ArrayList<>(List.of(name, "row"));
        for (int c = 1; c <= about.getColumnCount(); c++) {
          values.add(found.getString(c));
        }
        print(values.toArray());
      }
    }
  }

  private static void print(Object... values) {
    List<String> words = new ArrayList<>();
    for (Object value : values) {
      Object shown = value instanceof byte[] bytes ? Arrays.toString(bytes) : value;
      words.add(
          shown == null
              ? "\\N"
              : shown.toString().replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r"));
    }
    OUT.println(String.join("\t", words));
  }
}
