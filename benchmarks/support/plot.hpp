#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// Line plots with logarithmic axes, several on a page, as one SVG file. Nothing but what the benchmarks need.
namespace bench::plot {

struct point {
    double x, y;
};
struct line {
    std::string name;
    std::string color;
    std::vector<point> points;
};
struct panel {
    std::string title;
    std::string x_title;
    std::string (*y_label)(double);
    std::vector<line> lines;
};

inline std::string number(double v) {
    std::string text = std::to_string(v);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.')
        text.pop_back();
    return text;
}

/// 10000 -> "10 k"
inline std::string count_label(double v) {
    return v >= 1e6 ? number(v / 1e6) + " M" : v >= 1e3 ? number(v / 1e3) + " k" : number(v);
}
inline std::string mib_label(double v) { return number(v) + " MiB"; }
inline std::string ms_label(double v) { return v >= 1e3 ? number(v / 1e3) + " s" : number(v) + " ms"; }

class page {
public:
    page(std::string title, std::string note, std::size_t columns)
        : title_(std::move(title)), note_(std::move(note)), columns_(columns) {}

    /// The panels of a row share their y axis.
    void row(std::vector<panel> panels) { rows_.push_back(std::move(panels)); }

    void write(const std::string& path) const {
        const double width = left + static_cast<double>(columns_) * (panel_width + gap);
        const double height = top + static_cast<double>(rows_.size()) * (panel_height + below) + 4;
        std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(width) +
                          "\" height=\"" + number(height) + "\" viewBox=\"0 0 " + number(width) + " " +
                          number(height) +
                          "\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\">\n"
                          "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
        out += text(left, 30, title_, "start", "font-size=\"18\" font-weight=\"bold\" fill=\"#1a1a1a\"");
        for (std::size_t r = 0; r < rows_.size(); ++r)
            for (std::size_t c = 0; c < rows_[r].size(); ++c)
                draw(out, rows_[r], c, left + static_cast<double>(c) * (panel_width + gap),
                     top + static_cast<double>(r) * (panel_height + below));
        out += text(left, height - 14, note_, "start", "font-size=\"12\" fill=\"#666666\"");
        out += "</svg>\n";
        std::ofstream file(path);
        file << out;
        file.close();
        if (!file)
            throw std::runtime_error("cannot write " + path);
    }

private:
    static constexpr double left = 84, top = 86, gap = 44, below = 92, panel_width = 270, panel_height = 210,
                            name_width = 130;

    struct axis {
        double low, high; // powers of ten
        double from, to;  // pixels
        double at(double v) const { return from + (to - from) * (std::log10(v) - low) / (high - low); }
        static axis over(double min, double max, double from, double to) {
            const double low = std::floor(std::log10(min) + 1e-9), high = std::ceil(std::log10(max) - 1e-9);
            return {low, std::max(high, low + 1), from, to};
        }
    };

    static std::string text(double x, double y, const std::string& what, const char* anchor,
                            const std::string& more) {
        return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\" " +
               more + ">" + what + "</text>\n";
    }
    static std::string stroke(double x1, double y1, double x2, double y2, const std::string& color) {
        return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" +
               number(y2) + "\" stroke=\"" + color + "\"/>\n";
    }

    static void draw(std::string& out, const std::vector<panel>& row, std::size_t index, double left_edge,
                     double top_edge) {
        const panel& p = row[index];
        const double bottom = top_edge + panel_height, right_edge = left_edge + panel_width;
        double x_min = 1e300, x_max = 0, y_min = 1e300, y_max = 0;
        for (const panel& each : row)
            for (const line& l : each.lines)
                for (const point& at : l.points) {
                    y_min = std::min(y_min, at.y);
                    y_max = std::max(y_max, at.y);
                }
        for (const line& l : p.lines)
            for (const point& at : l.points) {
                x_min = std::min(x_min, at.x);
                x_max = std::max(x_max, at.x);
            }
        const axis x = axis::over(x_min, x_max, left_edge, right_edge),
                   y = axis::over(y_min, y_max, bottom, top_edge);

        out += text(left_edge, top_edge - 14, p.title, "start", "font-weight=\"bold\" fill=\"#1a1a1a\"");
        for (double e = y.low; e <= y.high; ++e) {
            const double v = std::pow(10, e);
            out += stroke(left_edge, y.at(v), right_edge, y.at(v), e == y.low ? "#888888" : "#e4e4e4");
            if (index == 0)
                out += text(left_edge - 8, y.at(v) + 4, p.y_label(v), "end", "fill=\"#444444\"");
        }
        for (double e = x.low; e <= x.high; ++e) {
            const double v = std::pow(10, e);
            out += stroke(x.at(v), bottom, x.at(v), bottom + 5, "#888888");
            out += text(x.at(v), bottom + 20, count_label(v), "middle", "fill=\"#444444\"");
        }
        out += text((left_edge + right_edge) / 2, bottom + 40, p.x_title, "middle", "fill=\"#444444\"");

        for (const line& l : p.lines) {
            std::string points;
            for (const point& at : l.points)
                points += number(x.at(at.x)) + "," + number(y.at(at.y)) + " ";
            out += "<polyline points=\"" + points + "\" fill=\"none\" stroke=\"" + l.color +
                   "\" stroke-width=\"2.5\"/>\n";
            for (const point& at : l.points)
                out += "<circle cx=\"" + number(x.at(at.x)) + "\" cy=\"" + number(y.at(at.y)) +
                       "\" r=\"3.5\" fill=\"" + l.color + "\"/>\n";
            // The name stands at the line's end, above the first line and below the others, clear of the line itself.
            const point& last = l.points.back();
            const bool above = &l == &p.lines.front();
            double clear = y.at(last.y);
            for (std::size_t i = 1; i < l.points.size(); ++i) {
                const double x1 = x.at(l.points[i - 1].x), y1 = y.at(l.points[i - 1].y);
                const double x2 = x.at(l.points[i].x), y2 = y.at(l.points[i].y);
                const double start = std::max(x1, x.at(last.x) - name_width);
                if (start < x2) { // a part of this piece is over or under the name
                    const double y_start = y1 + (y2 - y1) * (start - x1) / (x2 - x1);
                    clear = above ? std::min({clear, y_start, y2}) : std::max({clear, y_start, y2});
                }
            }
            out += text(x.at(last.x), std::clamp(clear + (above ? -10.0 : 20.0), top_edge + 10, bottom - 6),
                        l.name + " " + p.y_label(rounded(last.y)), "end",
                        "font-weight=\"bold\" fill=\"" + l.color + "\"");
        }
    }

    static double rounded(double v) { // two figures that count
        const double unit = std::pow(10, std::floor(std::log10(v)) - 1);
        return std::round(v / unit) * unit;
    }

    std::string title_;
    std::string note_;
    std::size_t columns_;
    std::vector<std::vector<panel>> rows_;
};

} // namespace bench::plot
