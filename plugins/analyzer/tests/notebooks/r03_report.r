# Databricks notebook source
library(ggplot2)
install.packages("forecast")
x <- SparkR::sql("SELECT month, total FROM main.gold.months -- FROM none")
y <- 'library(fake); tbl(sc, "main.no.ne")'
model <- lm(total ~ month, data = x)
display(x)
